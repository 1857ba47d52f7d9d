-- The person that a key is for, as `issuer/subject`; the HMAC of the key is over it too.
ALTER TABLE service_key ADD COLUMN owner TEXT;
