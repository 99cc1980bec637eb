local lineage, newerThan, tokens = ARGV[5], tonumber(ARGV[6]), ARGV[7]
write(fresh(lineage, following(newerThan), tokens, ''))
publish('new')
return answer('Accepted')
