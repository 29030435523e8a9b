import { describe, expect, test } from 'vitest';
import { FIRST_WAIT_MS, intakeRules, lineRules, LONGEST_WAIT_MS, machineRules, next, start, type Rules, type Steps } from './steps';

const EVERY_MS = 1000;

/** A clock that ticks once a second; `run` says how it was for so many seconds. */
class Time {
  now = 0;
  steps: Steps = start;

  constructor(private readonly rules: Rules) {}

  run(seconds: number, how: 'good' | 'bad' | 'severe'): number {
    for (let i = 0; i < seconds; i++) {
      this.now += EVERY_MS;
      this.steps = next(this.steps, { now: this.now, bad: how !== 'good', severe: how === 'severe' }, this.rules);
    }
    return this.steps.step;
  }
}

describe('a weak line', () => {
  test('takes the picture back step by step', () => {
    const time = new Time(lineRules);
    expect(time.run(10, 'bad')).toBe(0);
    expect(time.run(1, 'bad')).toBe(1);
    expect(time.run(14, 'bad')).toBe(1);
    expect(time.run(1, 'bad')).toBe(2);
    expect(time.run(34, 'bad')).toBe(2);
    expect(time.run(1, 'bad')).toBe(3);
    expect(time.run(600, 'bad')).toBe(3);
  });

  test('that is weak for moments only changes nothing', () => {
    const time = new Time(lineRules);
    for (let i = 0; i < 20; i++) {
      expect(time.run(9, 'bad')).toBe(0);
      expect(time.run(1, 'good')).toBe(0);
    }
  });

  test('that loses much has its picture stopped after ten seconds', () => {
    const time = new Time(lineRules);
    expect(time.run(10, 'severe')).toBe(0);
    expect(time.run(1, 'severe')).toBe(2);
  });

  test('that is good again gets its picture back, one step in twenty seconds', () => {
    const time = new Time(lineRules);
    expect(time.run(61, 'bad')).toBe(3);
    expect(time.run(20, 'good')).toBe(3);
    expect(time.run(1, 'good')).toBe(2);
    expect(time.run(20, 'good')).toBe(1);
    expect(time.run(20, 'good')).toBe(0);
  });

  test('that cannot bear a step up waits twice as long for the next, at most five minutes', () => {
    const time = new Time(lineRules);
    time.run(26, 'bad');
    const waits = [];
    for (let i = 0; i < 7; i++) {
      const before = time.now;
      while (time.steps.step === 2) time.run(1, 'good');
      waits.push(time.now - before - EVERY_MS);
      expect(time.steps.step).toBe(1);
      while (time.steps.step === 1) time.run(1, 'bad');
      expect(time.steps.step).toBe(2);
    }
    expect(waits).toEqual([20, 40, 80, 160, 300, 300, 300].map((s) => s * 1000));
    expect(time.steps.wait).toBe(LONGEST_WAIT_MS);
  });

  test('whose picture has held is trusted again', () => {
    const time = new Time(lineRules);
    time.run(11, 'bad');
    time.run(21, 'good');
    time.run(11, 'bad');
    expect(time.steps).toMatchObject({ step: 1, wait: 2 * FIRST_WAIT_MS });
    time.run(41, 'good');
    expect(time.steps).toMatchObject({ step: 0, trying: true });
    time.run(40, 'good');
    expect(time.steps).toMatchObject({ step: 0, trying: false, wait: FIRST_WAIT_MS });
  });
});

describe('when little comes in', () => {
  test('pictures go step by step, faster than our own', () => {
    const time = new Time(intakeRules);
    expect(time.run(6, 'bad')).toBe(0);
    expect(time.run(1, 'bad')).toBe(1);
    expect(time.run(6, 'bad')).toBe(2);
    expect(time.run(17, 'bad')).toBe(2);
    expect(time.run(1, 'bad')).toBe(3);
  });

  test('all but one go at once when much is missing, and that one too when it does not help', () => {
    const time = new Time(intakeRules);
    expect(time.run(4, 'severe')).toBe(0);
    expect(time.run(1, 'severe')).toBe(2);
    expect(time.run(26, 'severe')).toBe(3);
  });

  test('they come back step by step, and go again within seconds when that was too early', () => {
    const time = new Time(intakeRules);
    time.run(5, 'severe');
    expect(time.run(21, 'good')).toBe(1);
    expect(time.run(4, 'severe')).toBe(1);
    expect(time.run(1, 'severe')).toBe(2);
    expect(time.run(40, 'good')).toBe(2);
    expect(time.run(1, 'good')).toBe(1);
    expect(time.run(40, 'good')).toBe(0);
  });
});

describe('a busy machine', () => {
  test('takes less, draws less, and is offered to be spared the camera', () => {
    const time = new Time(machineRules);
    expect(time.run(5, 'bad')).toBe(0);
    expect(time.run(1, 'bad')).toBe(1);
    expect(time.run(10, 'bad')).toBe(2);
    expect(time.run(30, 'bad')).toBe(3);
  });

  test('that stands still draws less at once', () => {
    expect(new Time(machineRules).run(1, 'severe')).toBe(2);
  });
});
