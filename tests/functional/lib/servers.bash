# SPDX-License-Identifier: GPL-2.0-or-later
#
# What runs on the real servers, and how a client uses it.

# nginx on port 80: / says the server's name, /file is 10 MB of random bytes, the same on all servers; what is put at
# /taken/NAME is in $LAB_DIR/taken. $WEB_ALSO: further settings of the server, as for other ports.
web_up() { # HOST...
	local host dir
	[ -e "$LAB_DIR/file" ] || head -c 10M /dev/urandom >"$LAB_DIR/file"
	chmod 644 "$LAB_DIR/file"
	mkdir -p "$LAB_DIR/taken"
	chmod 1777 "$LAB_DIR/taken"
	for host in "$@"; do
		dir=$LAB_DIR/$host-web
		mkdir -p "$dir/root"
		chmod 755 "$dir" "$dir/root"
		echo "$host" >"$dir/root/index.html"
		ln -sf "$LAB_DIR/file" "$dir/root/file"
		nginx_conf "$dir" "server {
			listen 80 backlog=4096;
			listen [::]:80 backlog=4096;
			${WEB_ALSO-}
			root $dir/root;
			location /taken/ {
				root $LAB_DIR;
				dav_methods PUT;
				client_max_body_size 16m;
			}
		}"
	done
	for host in "$@"; do
		web_start "$host"
	done
}

# An nginx.conf that keeps all of its files in the folder.
nginx_conf() { # FOLDER SERVERS
	cat >"$1/nginx.conf" <<-END
		daemon off;
		worker_processes 1;
		error_log stderr warn;
		pid $1/nginx.pid;
		events { worker_connections 1024; }
		http {
			access_log off;
			client_body_temp_path $1/body;
			proxy_temp_path $1/proxy;
			fastcgi_temp_path $1/fastcgi;
			uwsgi_temp_path $1/uwsgi;
			scgi_temp_path $1/scgi;
			$2
		}
	END
}

web_start() { # HOST
	start_on "$1" "$1-web" nginx -p "$LAB_DIR/$1-web" -c nginx.conf -e stderr
	await on "$1" curl --silent --fail --max-time 1 --output /dev/null "http://[::1]/"
}

web_stop() { # HOST
	end "$1-web" TERM
}

# A UDP echo server on port 7.
echo_up() { # HOST...
	local host
	for host in "$@"; do
		start_on "$host" "$host-echo" python3 "$LAB_TOOLS/udp_echo.py" "$host" 7
	done
	for host in "$@"; do
		await says "$(log_of "$host-echo")" ready
	done
}

# An address as it stands in a URL, and before a port.
in_url() { # ADDRESS
	case $1 in
	*:*) echo "[$1]" ;;
	*) echo "$1" ;;
	esac
}

# Gets a page through a VIP.
page() { # HOST ADDRESS [PATH]
	on "$1" curl --silent --show-error --fail --noproxy '*' --max-time 5 "http://$(in_url "$2")/${3-}"
}

# Who answers N requests, each with its count: "2 server1".
who_answers() { # HOST ADDRESS N
	for _ in $(seq "$3"); do
		page "$1" "$2" || return 1
	done | sort | uniq -c | sed 's/^ *//'
}

# Downloads the 10 MB through a VIP and compares them.
download_is_whole() { # HOST ADDRESS [PORT]
	rm -f "$LAB_DIR/download"
	on "$1" curl --silent --show-error --fail --noproxy '*' --max-time 30 --output "$LAB_DIR/download" \
		"http://$(in_url "$2"):${3:-80}/file" && cmp "$LAB_DIR/download" "$LAB_DIR/file"
}

# Uploads them, and compares what the server has then. It has all of it when it answers.
upload_is_whole() { # HOST ADDRESS [PORT]
	rm -f "$LAB_DIR/taken/file"
	on "$1" curl --silent --show-error --fail --noproxy '*' --max-time 30 --upload-file "$LAB_DIR/file" \
		"http://$(in_url "$2"):${3:-80}/taken/file" && cmp "$LAB_DIR/taken/file" "$LAB_DIR/file"
}

udp_ask() { # HOST ADDRESS SIZE...
	local host=$1 address=$2
	shift 2
	on "$host" python3 "$LAB_TOOLS/udp_ask.py" "$address" 7 "$@"
}
