for folder in $cdi; do
    for file in "$folder"/*.yaml "$folder"/*.json; do
        [ -r "$file" ] && echo "##file $file" && cat "$file" && echo
    done
done
