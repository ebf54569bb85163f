# Downloads files from the first archive that has them to the working folder. Each line of $DEBS is a path and a sha256.
# Read by raydock/builder/debs/script.py. apt-get replaces $(REPO_URI).
# shellcheck disable=SC2016
for archive in $(apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages' | sort -u); do
    set --
    while read -r path sha256; do
        [ -e "${path##*/}" ] || set -- "$@" "$archive$path" "${path##*/}" "SHA256:$sha256"
    done <<LIST
$DEBS
LIST
    [ $# = 0 ] || /usr/lib/apt/apt-helper download-file "$@" >&2 || true
done
