#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Health checks of the patched keepalived at real servers that want the PROXY protocol.

bats_require_minimum_version 1.5.0
load shim_helpers

SERVER=$BATS_TEST_DIRNAME/tools/proxy_server.py

setup() {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
	shim_setup
	start_fake fake.log
}

teardown() {
	[ -z "${ns-}" ] || shim_teardown
}

proxy_server() { # KIND PORT [CERTIFICATE]
	: >"$dir/server.log"
	ip netns exec "$ns" python3 "$SERVER" "$@" >"$dir/server.log" 2>&1 3>&- &
	started+=($!)
	await says "$dir/server.log" ready
}

# A virtual server with one real server, which is in when its check succeeds.
check_by() { # PROTOCOL LINES CHECK...
	cat >"$dir/keepalived.conf" <<-END
		global_defs {
			lvs_control_socket $IPVSD_SOCKET
		}
		SSL {
		}
		virtual_server 192.0.2.1 80 {
			delay_loop 1
			alpha
			lvs_sched rr
			lvs_method FNAT
			protocol $1
			$2
			real_server 127.0.0.1 18080 {
				$(printf '%s\n' "${@:3}")
			}
		}
	END
	start_keepalived "$KEEPALIVED"
}

tcp_check=('TCP_CHECK {' 'connect_timeout 1' 'retry 0' '}')
get=('url {' 'path /ok' 'status_code 200' '}' 'connect_timeout 1' 'retry 0' '}')
udp_check=('UDP_CHECK {' 'payload 70696e67' 'require_reply 706f6e67' 'connect_timeout 1' 'retry 0' '}')
is_in="NEW_DEST tcp 192.0.2.1:80 -> 127.0.0.1:18080"

@test "TCP_CHECK" {
	proxy_server tcp 18080
	check_by TCP "proxy_protocol v1" "${tcp_check[@]}"
	await says "$dir/fake.log" "$is_in"
	await says "$dir/server.log" "v1 127.0.0.1 -> 127.0.0.1:18080"
	run ! says "$dir/server.log" "no header"
}

@test "HTTP_GET, version 1" {
	proxy_server http 18080
	check_by TCP "proxy_protocol v1-insecure" 'HTTP_GET {' "${get[@]}"
	await says "$dir/fake.log" "$is_in"
	says "$dir/server.log" "v1 127.0.0.1 -> 127.0.0.1:18080"
	says "$dir/server.log" "request GET /ok HTTP/1.0"
	run ! says "$dir/server.log" "no header"
}

@test "HTTP_GET, version 2" {
	proxy_server http 18080
	check_by TCP "proxy_protocol v2" 'HTTP_GET {' "${get[@]}"
	await says "$dir/fake.log" "$is_in"
	says "$dir/server.log" "v2 LOCAL"
}

@test "SSL_GET: the header is in front of the handshake" {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=server -keyout "$dir/key" -out "$dir/cert" 2>/dev/null
	cat "$dir/key" "$dir/cert" >"$dir/both"
	proxy_server ssl 18080 "$dir/both"
	check_by TCP "proxy_protocol v2-insecure" 'SSL_GET {' "${get[@]}"
	await says "$dir/fake.log" "$is_in"
	says "$dir/server.log" "v2 LOCAL"
	says "$dir/server.log" "request GET /ok"
}

@test "UDP_CHECK, version 2" {
	proxy_server udp 18080
	check_by UDP "proxy_protocol v2" "${udp_check[@]}"
	await says "$dir/fake.log" "NEW_DEST udp 192.0.2.1:80 -> 127.0.0.1:18080"
	says "$dir/server.log" "v2 LOCAL 70696e67"
}

@test "without proxy_protocol, and on another port than the real server's, no header is sent" {
	proxy_server http 18080
	check_by TCP "" 'HTTP_GET {' "${get[@]}"
	await says "$dir/server.log" "no header"
	run ! says "$dir/fake.log" NEW_DEST
	kill "$keepalived"
	wait "$keepalived" || true

	proxy_server http 18081
	check_by TCP "proxy_protocol v1" 'HTTP_GET {' "connect_port 18081" "${get[@]}"
	await says "$dir/server.log" "no header"
	run ! says "$dir/fake.log" NEW_DEST
}
