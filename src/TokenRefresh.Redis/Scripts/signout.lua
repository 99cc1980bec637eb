local newerThan = tonumber(ARGV[5])
write(fresh('', following(newerThan), '', 'out'))
publish('new')
return answer('Accepted')
