// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// openSchema is Kubernetes' own, but for members that it does not know. Those it would refuse, if they
// are objects or lists; here they are what a coming version adds without tags. Nothing below one is
// known either: then there is no schema inside.
type openSchema struct {
	known strategicpatch.LookupPatchMeta
}

// The two look-ups that there are, as functions.
type lookUp func(strategicpatch.LookupPatchMeta, string) (strategicpatch.LookupPatchMeta, strategicpatch.PatchMeta, error)

func (s openSchema) try(look lookUp, key string) (strategicpatch.LookupPatchMeta, strategicpatch.PatchMeta, error) {
	if s.known == nil {
		return s, strategicpatch.PatchMeta{}, nil
	}
	below, meta, err := look(s.known, key)
	if err != nil && strings.HasPrefix(err.Error(), "unable to find api field") {
		return openSchema{}, strategicpatch.PatchMeta{}, nil
	}
	return openSchema{below}, meta, err
}

func (s openSchema) LookupPatchMetadataForStruct(key string) (strategicpatch.LookupPatchMeta, strategicpatch.PatchMeta, error) {
	return s.try(strategicpatch.LookupPatchMeta.LookupPatchMetadataForStruct, key)
}

func (s openSchema) LookupPatchMetadataForSlice(key string) (strategicpatch.LookupPatchMeta, strategicpatch.PatchMeta, error) {
	return s.try(strategicpatch.LookupPatchMeta.LookupPatchMetadataForSlice, key)
}

// Name is for messages.
func (s openSchema) Name() string {
	if s.known == nil {
		return "what is not known"
	}
	return s.known.Name()
}
