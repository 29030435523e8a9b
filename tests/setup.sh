#!/bin/bash
# Installs what tests and bench need beside Python packages: Chromium, Firefox and loudspeakers for it, ffmpeg, PostgreSQL, Redis, wrk. Does nothing when all are there.
set -euo pipefail

missing=()
has() { command -v "$1" >/dev/null; }
has chromium || has chromium-browser || has google-chrome || missing+=(chromium)
has firefox-esr || has firefox || missing+=(firefox-esr)
has pulseaudio || missing+=(pulseaudio)
has ffmpeg && has ffprobe || missing+=(ffmpeg)
has pg_ctl || compgen -G '/usr/lib/postgresql/*/bin/pg_ctl' >/dev/null || missing+=(postgresql)
has redis-server || missing+=(redis-server)
has wrk || missing+=(wrk)
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
if has apt-get && { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }; then
  echo "convene: installing what the tests need with apt: ${missing[*]}"
  if "${as_root[@]}" apt-get update -qq </dev/null &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null; then
    exit 0
  fi
fi
echo "convene: error: the tests need ${missing[*]}; install them, on Debian with: apt install ${missing[*]}" >&2
exit 1
