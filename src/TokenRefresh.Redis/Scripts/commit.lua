local lineage, version, tokens = ARGV[5], tonumber(ARGV[6]), ARGV[7]

-- A dead mark at this very version doesn't stand in the way: whoever brings tokens knows better.
if record and (record.lineage ~= lineage or record.version ~= version or record.ending == 'out') then
  return describe()
end
write(fresh(lineage, version + 1, tokens, ''))
publish('new')
return answer('Accepted')
