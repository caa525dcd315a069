package console

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"

	"guiju/store"
)

//go:embed html
var ownHTML embed.FS

// Templates are the templates of one domain, with those of this package beside
// them: "top" and "bottom" of every page are put around what a View names, and
// {{template "token" .}} belongs into every form that posts.
//
// Links are written without a first slash (form/cases): the page's base is
// where server.public_url leads. html/template escapes everything; the headers
// forbid inline scripts and styles.
type Templates struct{ set *template.Template }

// Frame is what a template reads.
type Frame struct {
	Title   string
	Base    string       // path of server.public_url, with a final slash
	Path    string       // of the page
	Token   string       // for the form, see "token"
	Member  store.Member // who is signed in; nobody on a page of problems before that
	Note    string       // what the act before this page did
	Problem string       // why the last act was refused
	Again   bool         // shown anew after a Post that was refused
	Data    any          // View.Data

	assets *assets
}

// Asset is the address, below form/assets/, of what a page loads.
func (f Frame) Asset(name string) string { return f.assets.address(name) }

// ParseTemplates reads the templates named by patterns. A mistake in one is a
// programming error and panics.
func ParseTemplates(files fs.FS, patterns ...string) *Templates {
	set := template.Must(template.New("").ParseFS(ownHTML, "html/*.html"))
	return &Templates{set: template.Must(set.ParseFS(files, patterns...))}
}

// own are the templates of this package alone, for problems.
func own() *Templates {
	return &Templates{set: template.Must(template.New("").ParseFS(ownHTML, "html/*.html"))}
}

// page writes a whole page, part one template of it.
func (t *Templates) page(w io.Writer, name string, f Frame) error {
	for _, piece := range []string{"top", name, "bottom"} {
		if err := t.part(w, piece, f); err != nil {
			return err
		}
	}
	return nil
}

func (t *Templates) part(w io.Writer, name string, f Frame) error {
	if err := t.set.ExecuteTemplate(w, name, f); err != nil {
		return fmt.Errorf("template %s: %w", name, err)
	}
	return nil
}
