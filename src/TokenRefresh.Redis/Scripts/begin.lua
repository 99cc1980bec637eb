local lineage, version, owner, lease = ARGV[5], tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
if not isCurrent(lineage, version) then
  return describe()
end
if record.owner ~= '' and record.leaseEnds > now and record.owner ~= owner then
  return answer('Wait', record.leaseEnds - now)
end
if record.retryAt > now then
  return answer('BackOff', record.retryAt - now)
end

-- An owner that is still there left without a word: whether the server rotated for it, nobody knows.
local doubt = record.doubt or record.owner ~= ''
record.owner, record.leaseEnds, record.retryAt, record.doubt = owner, now + lease, 0, doubt
write(record)
return answer('Accepted', 0, doubt)
