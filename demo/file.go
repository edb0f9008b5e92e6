package demo

// Key is a demonstration API key with a call that works, in demo.json.
type Key struct {
	Product string  `json:"product"`
	Key     string  `json:"key"`
	Secret  string  `json:"secret"`
	Example Example `json:"example"`
}

// Example is one ready call.
type Example struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// Project is a sandbox project with a person who may ask in it.
type Project struct {
	No   string `json:"no"`
	User string `json:"user"`
}
