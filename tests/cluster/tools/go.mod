module act-host/tests/cluster/tools

go 1.26.0
