// Package fault holds the structured error that the engine answers with.
package fault

import (
	"errors"
	"fmt"
)

// Code names a class of errors, as docs/reference/engine-protocol.md lists them.
type Code string

// The codes of the protocol.
const (
	Protocol     Code = "protocol"
	Busy         Code = "busy"
	Deadline     Code = "deadline"
	Panic        Code = "panic"
	Limit        Code = "limit"
	Path         Code = "path"
	YAML         Code = "yaml"
	Build        Code = "build"
	Substitution Code = "substitution"
	Remote       Code = "remote"
	Refused      Code = "refused"
	Decryption   Code = "decryption"
	Encrypted    Code = "encrypted"
	Template     Code = "template"
	Cancelled    Code = "cancelled"
	Offline      Code = "offline"
	Unreachable  Code = "unreachable"
	NotFound     Code = "not-found"
	Unauthorized Code = "unauthorized"
	Artifact     Code = "artifact"
)

// Place is a file relative to a tree's root and a line counted from 1 (0 where it is unknown).
type Place struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
}

// Error says what went wrong, where, and what to do about it. Its fields are in the order of their JSON keys.
type Error struct {
	Chain []Place `json:"chain,omitempty"`
	Code  Code    `json:"code"`
	// Field is the culprit where it is in the Flux object itself, such as spec.patches[0].
	Field    string `json:"field,omitempty"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Message  string `json:"message"`
	Remedy   string `json:"remedy,omitempty"`
	Resource string `json:"resource,omitempty"`
	// Template is a chart's template, by the path that Helm gives it, and TemplateLine a line of it.
	Template     string `json:"template,omitempty"`
	TemplateLine int    `json:"template_line,omitempty"`
	URL          string `json:"url,omitempty"`
	// ValuesPath is the value in the expression that failed, such as ingress.host.
	ValuesPath string `json:"values_path,omitempty"`
	Variable   string `json:"variable,omitempty"`
	// Fleeting is set where the remedy goes by what else is in the tree, which the build hasn't read.
	Fleeting bool `json:"-"`
}

// Error returns the message alone.
func (e *Error) Error() string { return e.Message }

// New returns an Error of this code with a formatted message.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Of returns the Error in err's chain, or wraps err in one of the given code.
func Of(err error, code Code) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	return &Error{Code: code, Message: err.Error()}
}
