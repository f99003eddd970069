// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"io"
	"reflect"
	"strings"
)

// elementOf leaves pointers, lists and maps for what they hold.
func elementOf(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	return t
}

// writeRules writes the path and the merge key of every list below that merges by its tags. A type
// that stands within itself is entered once.
func writeRules(t reflect.Type, path string, entered map[reflect.Type]bool, out io.Writer) {
	t = elementOf(t)
	if t.Kind() != reflect.Struct || entered[t] {
		return
	}
	entered[t] = true
	defer delete(entered, t)
	for i := 0; i < t.NumField(); i++ {
		field := t.Field(i)
		below := strings.TrimPrefix(path+"."+strings.Split(field.Tag.Get("json"), ",")[0], ".")
		if field.Anonymous {
			below = strings.TrimSuffix(below, ".")
		}
		if strategy := field.Tag.Get("patchStrategy"); strategy != "" {
			key := field.Tag.Get("patchMergeKey")
			if key == "" {
				key = "set"
			}
			fmt.Fprintln(out, below, key)
		}
		writeRules(field.Type, below, entered, out)
	}
}
