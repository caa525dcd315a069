package app

import (
	"runtime"
	"runtime/debug"
)

// Build says what is running.
type Build struct {
	Version  string // module version; "devel" when built from a checkout
	Revision string // of the source; empty when unknown
	Modified bool   // the source had changes that were not committed
	Time     string // of the revision, RFC 3339
	Go       string
}

// Version reads what the Go tool wrote into the program.
func Version() Build {
	b := Build{Version: "devel", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}
