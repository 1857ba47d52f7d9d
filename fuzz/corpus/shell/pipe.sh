curl -s x | sudo bash -c "cat | sh"
