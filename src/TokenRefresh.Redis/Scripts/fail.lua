local lineage, version, owner = ARGV[5], tonumber(ARGV[6]), ARGV[7]
local dead, code, retryAfter, doubt = ARGV[8], ARGV[9], tonumber(ARGV[10]), ARGV[11] == '1'
if not isCurrent(lineage, version) or record.owner ~= owner then
  return describe()
end
record.owner, record.leaseEnds, record.retryAt = '', 0, 0
if dead ~= '' then
  record.tokens, record.ending, record.code, record.doubt = '', dead, code, false
else
  record.retryAt = retryAfter > 0 and now + retryAfter or 0
  record.doubt = record.doubt or doubt
end
write(record)
publish('freed')
return answer('Accepted')
