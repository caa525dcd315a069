package store

import (
	"fmt"
)

// PostHoldingsOf answers the posts a member was given and still holds, oldest
// first.
func (r *Reader) PostHoldingsOf(member int64) ([]PostHolding, error) {
	var all []PostHolding
	if err := r.g.Where("member_id = ? AND ended_at IS NULL", member).Order("id").Find(&all).Error; err != nil {
		return nil, fmt.Errorf("posts of member %d: %w", member, translate(err))
	}
	return all, nil
}

// PostHoldingsAt answers which present members were given one of these posts
// and still hold it, by id, at most limit.
func (r *Reader) PostHoldingsAt(posts []string, limit int) ([]PostHolding, error) {
	if len(posts) == 0 {
		return nil, nil
	}
	var all []PostHolding
	err := r.g.Table("post_holdings h").Select("h.*").Joins("JOIN members m ON m.id = h.member_id").
		Where("h.post IN ? AND h.ended_at IS NULL AND m.status <> ? AND m.status <> ?", posts, MemberLeft, MemberDisabled).
		Order("h.id").Limit(limit).Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("holders of posts: %w", translate(err))
	}
	return all, nil
}

// HeldPosts answers the different posts that members were given and still
// hold, in order, at most limit.
func (r *Reader) HeldPosts(limit int) ([]string, error) {
	var all []string
	err := r.g.Model(&PostHolding{}).Where("ended_at IS NULL").Distinct("post").Order("post").Limit(limit).Pluck("post", &all).Error
	if err != nil {
		return nil, fmt.Errorf("posts held: %w", translate(err))
	}
	return all, nil
}

// Positions answers the different positions of present members, in order, at
// most limit; "" is none.
func (r *Reader) Positions(limit int) ([]string, error) {
	var all []string
	err := r.g.Model(&Member{}).Where("position <> '' AND status <> ? AND status <> ?", MemberLeft, MemberDisabled).
		Distinct("position").Order("position").Limit(limit).Pluck("position", &all).Error
	if err != nil {
		return nil, fmt.Errorf("positions: %w", translate(err))
	}
	return all, nil
}

// AddPostHolding gives a member a post from now on.
func (tx *Tx) AddPostHolding(h *PostHolding) error {
	h.ID, h.Since, h.EndedAt, h.Source = 0, tx.Now(), nil, "assigned"
	if err := tx.g.Create(h).Error; err != nil {
		return fmt.Errorf("give post to member %d: %w", h.MemberID, translate(err))
	}
	return tx.TouchMember(h.MemberID)
}

// EndPostHolding takes a post from its holder; done already, it does nothing.
func (tx *Tx) EndPostHolding(h PostHolding) error {
	n, err := tx.changed("UPDATE post_holdings SET ended_at = ? WHERE id = ? AND ended_at IS NULL", tx.Now(), h.ID)
	if err != nil {
		return fmt.Errorf("end post of member %d: %w", h.MemberID, err)
	}
	if n == 0 {
		return nil
	}
	return tx.TouchMember(h.MemberID)
}
