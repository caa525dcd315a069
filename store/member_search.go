package store

import "fmt"

// MembersBeginning answers the members present whose name or userid begins with
// word, compared by Fold, by name, at most limit. Without a word there are none.
func (r *Reader) MembersBeginning(word string, limit int) ([]Member, error) {
	from := Fold(word)
	if from == "" {
		return nil, nil
	}
	// A range, unlike LIKE, uses the index in both engines, and no character of
	// the word means anything.
	to := from + "\U0010FFFF"
	present := []any{string(MemberActive), string(MemberProvisional), string(MemberInactive)}
	var all []Member
	for _, column := range []string{"name_fold", "userid_fold"} {
		found, err := list[Member](r, "WHERE "+column+" >= ? AND "+column+" < ? AND status IN "+marks(len(present))+
			" ORDER BY "+column+", id"+first(limit), append([]any{from, to}, present...)...)
		if err != nil {
			return nil, fmt.Errorf("members beginning with a word: %w", err)
		}
		all = append(all, found...)
	}
	seen := map[int64]bool{}
	kept := all[:0]
	for _, m := range all {
		if !seen[m.ID] && len(kept) < limit {
			seen[m.ID] = true
			kept = append(kept, m)
		}
	}
	return kept, nil
}
