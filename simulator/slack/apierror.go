package slack

// apiError is an answer with ok:false.
type apiError struct {
	code     string
	needed   string         // the scope, with missing_scope
	messages []string       // details, as in response_metadata.messages
	more     map[string]any // further members of the answer
}

func (e *apiError) Error() string { return e.code }

func refuse(code string, messages ...string) *apiError {
	return &apiError{code: code, messages: messages}
}

// rateLimited is the answer 429.
type rateLimited struct{ seconds int }

func (*rateLimited) Error() string { return "ratelimited" }
