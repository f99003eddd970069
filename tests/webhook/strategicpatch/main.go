// SPDX-License-Identifier: GPL-2.0-or-later

// strategicpatch asks Kubernetes' own strategic merge: a line on stdin is {"pod", "overlay"}, a line
// on stdout is {"merged"} or {"error"}. With the argument "rules" it prints the lists of a pod that
// merge, and their keys, instead.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

type question struct {
	Pod     json.RawMessage `json:"pod"`
	Overlay json.RawMessage `json:"overlay"`
}

type answer struct {
	Merged json.RawMessage `json:"merged,omitempty"`
	Error  string          `json:"error,omitempty"`
}

func ask(q question) answer {
	merged, err := strategicpatch.StrategicMergePatch(q.Pod, q.Overlay, corev1.Pod{})
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Merged: merged}
}

func run(in io.Reader, out io.Writer) error {
	questions := json.NewDecoder(in)
	answers := json.NewEncoder(out)
	for {
		var q question
		if err := questions.Decode(&q); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := answers.Encode(ask(q)); err != nil {
			return err
		}
	}
}

func main() {
	var err error
	out := bufio.NewWriter(os.Stdout)
	if len(os.Args) > 1 && os.Args[1] == "rules" {
		writeRules(reflect.TypeOf(corev1.Pod{}), "", map[reflect.Type]bool{}, out)
	} else {
		err = run(bufio.NewReader(os.Stdin), out)
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "strategicpatch:", err)
		os.Exit(1)
	}
}
