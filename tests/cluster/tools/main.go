// Command tools has what the cluster of the tests needs beside upstream's programs, in one static file and of the
// standard library alone: the program it is in images, too.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const usage = `usage:
  tools reap PROGRAM [ARGUMENT…]       runs PROGRAM as the first process of a namespace does
  tools pause                          holds the namespaces of a pod
  tools print [WORD…]                  prints words, a line
  tools certs FOLDER SERVER NODE IP…   writes certificates, keys and kubeconfigs
  tools image CONFIG ROOT NAME FILE    packs the folder ROOT as an image
  tools wait FOLDER URL SECONDS        waits until URL answers 200
`

func main() {
	arguments := append(os.Args[1:], "", "")
	var err error
	switch name, rest := arguments[0], os.Args[min(2, len(os.Args)):]; {
	case name == "reap" && len(rest) > 0:
		err = reap(rest)
	case name == "pause":
		pause()
	case name == "print":
		fmt.Println(strings.Join(rest, " "))
	case name == "certs" && len(rest) > 3:
		err = certs(rest[0], rest[1], rest[2], rest[3:])
	case name == "image" && len(rest) == 4:
		err = image(rest[0], rest[1], rest[2], rest[3])
	case name == "wait" && len(rest) == 3:
		err = wait(rest[0], rest[1], rest[2])
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tools:", err)
		os.Exit(1)
	}
}

// reap runs a program, and waits for every process that loses its parent, until the program ends.
func reap(arguments []string) error {
	path, err := exec.LookPath(arguments[0])
	if err != nil {
		return err
	}
	child, err := os.StartProcess(path, arguments, &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		return err
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if pid == child.Pid {
			os.Exit(status.ExitStatus())
		}
	}
}

// pause waits for a signal to end, and for the processes of a pod that share its process namespace.
func pause() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for got := range signals {
		if got != syscall.SIGCHLD {
			return
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
}

func seconds(text string) (time.Duration, error) {
	return time.ParseDuration(text + "s")
}
