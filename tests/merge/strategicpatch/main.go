// SPDX-License-Identifier: GPL-2.0-or-later

// strategicpatch asks Kubernetes' own strategic merge, as the API server does for a patch of a pod:
// a line on stdin is {"pod", "overlay"}, a line on stdout is {"merged"}, or {"error"}, why it refuses.
// "unreadable" is there, with a reason, where what came of it is no pod that can be decoded, and
// "foreign" where the pod was none to begin with.
//
// With the argument "rules" it prints the lists of a pod that merge, and their keys, instead.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

type question struct {
	Pod     json.RawMessage `json:"pod"`
	Overlay json.RawMessage `json:"overlay"`
}

type answer struct {
	Merged     map[string]any `json:"merged,omitempty"`
	Error      string         `json:"error,omitempty"`
	Unreadable string         `json:"unreadable,omitempty"`
	Foreign    string         `json:"foreign,omitempty"`
}

// merge never panics: the API server, too, survives what strategicpatch does not. It changes what it
// is given.
func merge(pod, overlay map[string]any) (merged map[string]any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	schema, err := strategicpatch.NewPatchMetaFromStruct(corev1.Pod{})
	if err != nil {
		return nil, err
	}
	return strategicpatch.StrategicMergeMapPatchUsingLookupPatchMeta(pod, overlay, openSchema{schema})
}

// unreadable says why a pod cannot be decoded; "" if it can.
func unreadable(pod map[string]any) string {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(pod, &corev1.Pod{}); err != nil {
		return err.Error()
	}
	return ""
}

func ask(q question) (answer, error) {
	var pod, overlay map[string]any
	if err := utiljson.Unmarshal(q.Pod, &pod); err != nil {
		return answer{}, err
	}
	if err := utiljson.Unmarshal(q.Overlay, &overlay); err != nil {
		return answer{}, err
	}
	foreign := unreadable(pod)
	merged, err := merge(pod, overlay)
	if err != nil {
		return answer{Error: err.Error(), Foreign: foreign}, nil
	}
	return answer{Merged: merged, Unreadable: unreadable(merged), Foreign: foreign}, nil
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
		a, err := ask(q)
		if err != nil {
			return err
		}
		if err := answers.Encode(a); err != nil {
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
