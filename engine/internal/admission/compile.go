package admission

import (
	"sync"

	v1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/cel/environment"
)

var environmentOnce = sync.OnceValue(func() *environment.EnvSet {
	return environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion())
})

// compile makes a validator of a policy, from the parts and in the order that the API server does.
func compile(policy *v1.ValidatingAdmissionPolicy) validating.Validator {
	spec := policy.Spec
	compiler, err := cel.NewCompositedCompiler(environmentOnce())
	if err != nil {
		return validating.NewValidator(nil, nil, nil, nil, spec.FailurePolicy, err)
	}
	variables := cel.OptionalVariableDeclarations{HasParams: spec.ParamKind != nil, HasAuthorizer: true}
	messages := cel.OptionalVariableDeclarations{HasParams: spec.ParamKind != nil}
	compiler.CompileAndStoreVariables(named(spec.Variables), variables, environment.StoredExpressions)
	var matcher matchconditions.Matcher
	if len(spec.MatchConditions) > 0 {
		conditions := compiler.CompileCondition(matches(spec.MatchConditions), variables, environment.StoredExpressions)
		matcher = matchconditions.NewMatcher(conditions, spec.FailurePolicy, "policy", "validate", policy.Name)
	}
	return validating.NewValidator(
		compiler.CompileCondition(validations(spec.Validations), variables, environment.StoredExpressions),
		matcher,
		compiler.CompileCondition(nil, variables, environment.StoredExpressions),
		compiler.CompileCondition(messageExpressions(spec.Validations), messages, environment.StoredExpressions),
		spec.FailurePolicy,
		nil,
	)
}

func named(variables []v1.Variable) []cel.NamedExpressionAccessor {
	expressions := make([]cel.NamedExpressionAccessor, len(variables))
	for i, variable := range variables {
		expressions[i] = &validating.Variable{Name: variable.Name, Expression: variable.Expression}
	}
	return expressions
}

func matches(conditions []v1.MatchCondition) []cel.ExpressionAccessor {
	expressions := make([]cel.ExpressionAccessor, len(conditions))
	for i := range conditions {
		expressions[i] = (*matchconditions.MatchCondition)(&conditions[i])
	}
	return expressions
}

func validations(given []v1.Validation) []cel.ExpressionAccessor {
	expressions := make([]cel.ExpressionAccessor, len(given))
	for i, one := range given {
		expressions[i] = &validating.ValidationCondition{
			Expression: one.Expression, Message: one.Message, Reason: one.Reason,
		}
	}
	return expressions
}

func messageExpressions(given []v1.Validation) []cel.ExpressionAccessor {
	expressions := make([]cel.ExpressionAccessor, len(given))
	for i, one := range given {
		if one.MessageExpression != "" {
			expressions[i] = &validating.MessageExpressionCondition{MessageExpression: one.MessageExpression}
		}
	}
	return expressions
}
