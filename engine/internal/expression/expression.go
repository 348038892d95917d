// Package expression tells whether Flux can read CEL expressions, as its controllers do.
package expression

import (
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"
)

// Expression is the text of one, and the variables it may use.
//
// Without variables it is parsed only, as Flux does with health checks: it may use any field of an object.
// With them it is compiled and must be a bool, as Flux does with readyExpr (self and dep).
type Expression struct {
	Text      string   `json:"text"`
	Variables []string `json:"variables"`
}

// Problem returns what is wrong with the expression; empty where nothing is.
//
// The environment is that of github.com/fluxcd/pkg/runtime/cel v0.110.3.
func (e Expression) Problem() (string, error) {
	if e.Text == "" {
		return "it is empty", nil
	}
	options := []cel.EnvOption{
		cel.HomogeneousAggregateLiterals(), cel.EagerlyValidateDeclarations(true), cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true), cel.OptionalTypes(), ext.Strings(), ext.Sets(), ext.Encoders(),
	}
	for _, name := range e.Variables {
		options = append(options, cel.Variable(name, cel.ObjectType("google.protobuf.Struct")))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return "", err
	}
	read := env.Parse
	if len(e.Variables) > 0 {
		read = env.Compile
	}
	ast, issues := read(e.Text)
	if issues.Err() != nil {
		return first(issues), nil
	}
	if len(e.Variables) > 0 && ast.OutputType() != cel.BoolType {
		return fmt.Sprintf("it gives %s, not bool", ast.OutputType()), nil
	}
	if _, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize)); err != nil {
		return err.Error(), nil
	}
	return "", nil
}

// first returns the first issue's message and, where it has one, its column: the others mostly follow from it.
func first(issues *cel.Issues) string {
	found := issues.Errors()[0]
	if column := found.Location.Column(); column >= 0 {
		return fmt.Sprintf("%s (column %d)", found.Message, column+1)
	}
	return found.Message
}
