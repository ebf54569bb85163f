# Prints the packages that apt would install for its arguments, and the record of each in the archive. If apt refuses,
# it prints the names of all packages, and exits with 5. Read by raydock/builder/debs/script.py.
command -v apt-get > /dev/null || { echo 'apt-get is missing' >&2; exit 5; }
solved=$(apt-get install -s -y -q --no-install-recommends --no-remove "$@") ||
    { printf '%s\n' "$solved" >&2; apt-cache pkgnames; exit 5; }
printf '%s\n' "$solved" | sed -n 's/^Inst \([^ ]*\) .*(\([^ ]*\) .*/\1=\2/p' > /tmp/raydock-$$
echo 'raydock: packages'
cat /tmp/raydock-$$
echo
[ ! -s /tmp/raydock-$$ ] || xargs apt-cache show < /tmp/raydock-$$
rm /tmp/raydock-$$
