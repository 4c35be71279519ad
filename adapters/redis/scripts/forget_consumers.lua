-- ARGV: milliseconds, or a consumer's name. Forgets consumers unseen for so long, or the one named,
-- never one with pending entries: they would be lost with it. -> how many were forgotten.
local idle, forgotten = tonumber(ARGV[1]), 0
if not pending_entries() then
  return 0
end
for _, pairs_of in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
  local known = {}
  for i = 1, #pairs_of, 2 do
    known[pairs_of[i]] = pairs_of[i + 1]
  end
  local gone = known['name'] == ARGV[1] or (idle and known['idle'] > idle)
  if gone and known['pending'] == 0 then
    redis.call('XGROUP', 'DELCONSUMER', stream, group, known['name'])
    forgotten = forgotten + 1
  end
end
return forgotten
