#!/bin/bash
# Says where Chromium is, for the tests that look at pages; as root on Debian it is installed where it is missing.
found() {
  command -v chromium || command -v chromium-browser || command -v google-chrome
}
found && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >&2
  found && exit 0
fi
echo "The tests of the pages need Chromium. Run this and try again: sudo apt-get install chromium" >&2
exit 1
