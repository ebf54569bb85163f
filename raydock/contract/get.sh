# An HTTP client in bash, so that the image needs only bash for it: the answer to a GET is written to a file.
# Arguments: the host, the port, the path, the file, and the token or an empty text.
# The dashboard of Ray 2.49 answers 500 to requests without a User-Agent; KubeRay sends one.
# shellcheck shell=bash
exec 3<>"/dev/tcp/$1/$2" &&
    printf 'GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: Go-http-client/1.1\r\n' "$3" "$1" >&3 &&
    printf '%s\r\n' ${5:+"x-ray-authorization: Bearer $5"} "" >&3 &&
    cat <&3 > "$4"
