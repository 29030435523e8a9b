/** Lets so many through in a window of time; whatever is more is refused. */
export class Limit {
  private times: number[] = [];

  constructor(
    private readonly most: number,
    private readonly windowMs: number,
  ) {}

  allows(now: number): boolean {
    this.times = this.times.filter((time) => now - time < this.windowMs);
    if (this.times.length >= this.most) return false;
    this.times.push(now);
    return true;
  }
}
