sudo -u x env A=b find . -exec sh -c 'xargs -I{} rm {}' \;
