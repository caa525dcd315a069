package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A transaction that loses to another runs again, with whatever its closure has
// left behind: a job that moves its own arguments on would pass over what was
// rolled back. So the arguments are copied inside.
func TestEffectsOfJobsCopyTheirArguments(t *testing.T) {
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			closure, ok := n.(*ast.FuncLit)
			if !ok {
				return true
			}
			for _, at := range writesArgs(closure) {
				t.Errorf("%s writes to args of an earlier run: begin with args := args", files.Position(at))
			}
			return true
		})
		return nil
	})
	require.NoError(t, err)
}

// writesArgs are the places where a closure changes a variable args that it
// did not declare.
func writesArgs(closure *ast.FuncLit) (places []token.Pos) {
	declared := false
	writes := func(e ast.Expr) bool {
		s, ok := e.(*ast.SelectorExpr)
		if ok {
			e = s.X
		}
		name, ok := e.(*ast.Ident)
		return ok && name.Name == "args"
	}
	ast.Inspect(closure.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				switch {
				case !writes(left):
				case n.Tok == token.DEFINE:
					declared = true
				case !declared:
					places = append(places, n.Pos())
				}
			}
		case *ast.IncDecStmt:
			if writes(n.X) && !declared {
				places = append(places, n.Pos())
			}
		}
		return true
	})
	return places
}
