// Before the first paint: the theme, and credentials out of the address bar. Kept tiny; it blocks rendering.
(function () {
  var root = document.documentElement;
  var safe = /[?&]safe=1(&|$)/.test(location.search);
  try {
    var stored = safe ? null : JSON.parse(localStorage.getItem('openclaw.control.settings.v2') || 'null');
    if (stored && (stored.theme === 'light' || stored.theme === 'dark')) root.dataset.theme = stored.theme;
    if (stored && stored.density === 'compact') root.dataset.density = 'compact';
  } catch (error) {
    // Broken settings must not keep the page from starting.
  }
  if (location.hash || location.search) {
    window.openclawLaunch = { hash: location.hash, search: location.search };
    var gone = /^(token|password|setupCode|bootstrapToken|bootstrapProfile|gatewayUrl|session|onboarding|safe|access)(=|$)/;
    var rest = location.search.slice(1).split('&').filter(function (part) { return part && !gone.test(part); });
    history.replaceState(history.state, '', location.pathname + (rest.length ? '?' + rest.join('&') : ''));
  }
})();
