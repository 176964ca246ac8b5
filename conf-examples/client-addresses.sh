#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How real servers hear of their clients' addresses with full NAT: a setting of each service, made once and kept by ipvsd
# (ipvsdctl(8), "service"). It holds for connections that begin afterwards, so that each real server must be able to read
# it first. `ipvsdctl services` lists what is set; the counters client_again, client_untold and client_no_room say how it goes.
set -e

# Web servers: the PROXY protocol needs no kernel module. nginx-proxy-protocol.conf is the site that reads it; haproxy
# has "accept-proxy", Apache "RemoteIPProxyProtocol". Health checks have to send the header too, or use another port.
ipvsdctl service -t 198.51.100.10:80 -c proxy-v2
ipvsdctl service -t '[2001:db8:1::10]:80' -c proxy-v2

# The same behind another proxy, whose header names the client: it is believed, and translated to this version.
ipvsdctl service -t 198.51.100.11:80 -c proxy-v1-insecure

# TOA, for servers with DPVS's kernel module toa: what accept() and getpeername() say there is the client's address then.
# A server without it ignores the option, and sees the director's local address.
ipvsdctl service -t 198.51.100.12:443 -c toa

# UDP: DPVS's module uoa reads the client's address from the first datagrams (client_address.uoa_packets of ipvsd.conf).
# Anything between the director and the servers has to let IP protocol 248 pass.
ipvsdctl service -u 198.51.100.10:53 -c uoa-opp

# Servers see the local address as their client again.
# ipvsdctl service -t 198.51.100.12:443 -c none
