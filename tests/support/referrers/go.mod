module raydock/referrers

go 1.18

require github.com/google/go-containerregistry v0.19.2
