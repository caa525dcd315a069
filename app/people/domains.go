package people

// HandOvers answers every domain that holds open work, by the name it was
// registered under.
func (p *People) HandOvers() map[string]HandOver {
	all := make(map[string]HandOver, len(p.domains))
	for _, d := range p.domains {
		all[d.name] = d.HandOver
	}
	return all
}
