// Runs before either page's own code, the same on both: moments after the last click on Join, in milliseconds.
// `ready`, before it: one's own picture is there and Join can be clicked, counted from the opening of the link.
(() => {
  const marks = { remote: new Set() };
  window.bench = { moments: {} };
  const mark = (name) => (bench.moments[name] ??= performance.now() - (marks.click ?? 0));
  // The longest task in milliseconds; tasks of less than 50 do not count as long.
  let longest = 0;
  const tasks = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  });
  tasks.observe({ type: 'longtask', buffered: true });
  // The bytes of all scripts so far, as they came through the line.
  const scripts = () =>
    performance
      .getEntriesByType('resource')
      .filter(({ name }) => new URL(name).pathname.endsWith('.js'))
      .reduce((sum, { transferSize }) => sum + transferSize, 0);
  const isJoin = (element) => element?.textContent.trim() === 'Join' && element.checkVisibility();

  addEventListener(
    'click',
    ({ target }) => {
      if (!isJoin(target.closest('button'))) return;
      const { ready, 'longest task': longest } = bench.moments;
      bench.moments = { ready, 'longest task': longest };
      marks.click = performance.now();
    },
    true,
  );

  const looking = setInterval(() => {
    if (!(document.querySelector('video')?.readyState >= 2) || ![...document.querySelectorAll('button')].some(isJoin)) return;
    clearInterval(looking);
    mark('ready');
    // A task is told of when it is over.
    setTimeout(() => {
      bench.moments['longest task'] = longest;
      tasks.disconnect();
    }, 100);
  }, 20);

  const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'srcObject');
  Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', {
    get,
    set(stream) {
      set.call(this, stream);
      if (!stream?.getVideoTracks().some((track) => marks.remote.has(track.id))) return;
      mark('picture attached');
      this.requestVideoFrameCallback(() => {
        mark('frame');
        bench.moments.scripts ??= scripts();
      });
    },
  });

  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...given) {
      super(...given);
      this.addEventListener('track', ({ track }) => {
        if (track.kind !== 'video') return;
        marks.remote.add(track.id);
        mark('remote track');
      });
      this.addEventListener('connectionstatechange', () => mark(`media ${this.connectionState}`));
    }
  };

  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      mark('signal asked');
      this.addEventListener('open', () => mark('signal open'));
      this.addEventListener('message', () => mark('signal answered'));
    }
  };

  const ask = window.fetch;
  window.fetch = async (...given) => {
    if (!String(given[0]).endsWith('/join')) return ask(...given);
    mark('join asked');
    const answer = await ask(...given);
    mark('join answered');
    return answer;
  };
})();
