# SPDX-License-Identifier: GPL-2.0-or-later
#
# All of the library, for "load lib/load".

bats_require_minimum_version 1.5.0
for part in lab hosts ipvsd servers keepalived checks routers guest examples; do
	# shellcheck source=/dev/null
	. "$(dirname "${BASH_SOURCE[0]}")/$part.bash"
done
unset part
