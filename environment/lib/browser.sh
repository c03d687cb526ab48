# Sourced after setup.sh by environment/test: a Chromium for environment/test_browser.py, and what drives it.

BROWSER_VENV="$ROOT/.venv-browser"

# The first Chromium or Chrome of the machine, or the one that Playwright has brought; nothing if there is none.
find_chromium() {
  local name
  for name in chromium google-chrome google-chrome-stable chromium-browser; do
    command -v "$name" && return
  done
  name="/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
  if [ -x "$name" ]; then echo "$name"; return; fi
  "$BROWSER_VENV/bin/python" -c 'from pathlib import Path; from playwright.sync_api import sync_playwright
with sync_playwright() as p: path = p.chromium.executable_path
if Path(path).exists(): print(path)' 2>/dev/null || true
}

# By the system's packages where that is allowed (Ubuntu has none, its package is a snap's), else by Playwright.
install_chromium() {
  say "Installing Chromium, for the tests that look at the notebooks in a browser ..."
  if [ "$(id -u)" = 0 ] && grep -qs '^ID=debian' /etc/os-release; then
    apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core >&2 && return
  fi
  if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then
    "$BROWSER_VENV/bin/python" -m playwright install --with-deps chromium >&2 && return
  fi
  "$BROWSER_VENV/bin/python" -m playwright install chromium >&2
}

# Exports COLDSTART_CHROMIUM; fails where there is none. On a CI machine it is installed, and not to have it is an error.
setup_browser() {
  if [ "${CI:-}" != true ] && [ ! -x "$BROWSER_VENV/bin/python" ] && [ -z "$(find_chromium)" ]; then return 1; fi
  make_venv "$BROWSER_VENV" environment/requirements-browser.txt 1 "Playwright, which drives a browser"
  COLDSTART_CHROMIUM="$(find_chromium)"
  if [ -z "$COLDSTART_CHROMIUM" ] && [ "${CI:-}" = true ]; then
    install_chromium || true
    COLDSTART_CHROMIUM="$(find_chromium)"
    [ -n "$COLDSTART_CHROMIUM" ] || die "This is a CI machine (CI=true), where the notebooks must be looked at in a browser, and Chromium could not be installed (see above)." \
      "Install it first (Debian: apt-get install chromium), and run this again."
  fi
  [ -n "$COLDSTART_CHROMIUM" ] || return 1
  export COLDSTART_CHROMIUM
}
