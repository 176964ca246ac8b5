# SPDX-License-Identifier: GPL-2.0-or-later
"""Every command without CAP_NET_ADMIN: who may not is told so, but may find out the family."""
# covers: rule no permission is EPERM
import os

from netlink_text import ACK, DUMP, REQUEST
from probe import KEY, Prober, service

os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
p = Prober()
for command in [*range(0, 20)]:
    for flags in (REQUEST | ACK, REQUEST | DUMP):
        print(f"# command {command}, flags {flags:#x}")
        p.do(command, service(**KEY), flags)
