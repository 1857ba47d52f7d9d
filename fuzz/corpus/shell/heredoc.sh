cat <<-E | sh && bash <<< "x"
	rm $X
	E
