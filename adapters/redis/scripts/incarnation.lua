-- ARGV: incarnation if a new one is needed -> the incarnation.
heal(ARGV[1])
return redis.call('GET', born)
