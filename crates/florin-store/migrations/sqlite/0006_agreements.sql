-- What an agreement is about, in words of whoever made it; only in-store calls have a place for them.

ALTER TABLE agreements ADD COLUMN description TEXT;
