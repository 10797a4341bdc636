/**
 * What runs inside Redis, each as one step that nobody sees half of. All keys of a call lie in one slot and are
 * declared; lists of arguments are MessagePack (`packed.ts`), at most {@link ITEMS_AT_ONCE} long, because Lua puts them
 * on a stack of 8,000. Every answer to a question begins with layout, generation
 * and position of the space.
 */
import { createHash } from 'node:crypto'

export interface Script {
  readonly source: string
  readonly sha: string
  readonly isReadonly: boolean
}

export const ITEMS_AT_ONCE = 4000

function script(isReadonly: boolean, body: string): Script {
  const source = `#!lua${isReadonly ? ' flags=no-writes' : ''}\n${body}`
  return { source, sha: createHash('sha1').update(source).digest('hex'), isReadonly }
}

/** KEYS: meta. */
export const LOOK = script(
  true,
  `return redis.call('HMGET', KEYS[1], 'layout', 'generation', 'position', 'timeMs', 'commit', 'origin')`,
)

/** KEYS: meta, hashes. ARGV: of each hash the fields. Then their values, hash by hash. */
export const READ = script(
  true,
  `
local answer = redis.call('HMGET', KEYS[1], 'layout', 'generation', 'position')
for i = 2, #KEYS do
  local values = redis.call('HMGET', KEYS[i], unpack(cmsgpack.unpack(ARGV[i - 1])))
  for j = 1, #values do answer[#answer + 1] = values[j] end
end
return answer
`,
)

/**
 * KEYS: meta, hashes. ARGV: the last part of a cut bucket, then of each hash the buckets. Then of each part that is
 * there: which hash, bucket, part, value.
 */
export const READ_BUCKETS = script(
  true,
  `
local answer = redis.call('HMGET', KEYS[1], 'layout', 'generation', 'position')
local n = #answer
local last = tonumber(ARGV[1])
local function add(hash, bucket, part, value)
  if not value then return end
  answer[n + 1] = hash; answer[n + 2] = bucket; answer[n + 3] = part; answer[n + 4] = value
  n = n + 4
end
for i = 2, #KEYS do
  local buckets = cmsgpack.unpack(ARGV[i])
  local heads = redis.call('HMGET', KEYS[i], unpack(buckets))
  for j = 1, #buckets do
    if heads[j] and #heads[j] > 1 then add(i - 2, buckets[j], 0, heads[j])
    elseif heads[j] then
      for from = 1, last, ${ITEMS_AT_ONCE} do
        local fields = {}
        for part = from, math.min(last, from + ${ITEMS_AT_ONCE - 1}) do
          fields[#fields + 1] = buckets[j] .. '/' .. part
        end
        local values = redis.call('HMGET', KEYS[i], unpack(fields))
        for k = 1, #fields do add(i - 2, buckets[j], from + k - 1, values[k]) end
      end
    end
  end
end
return answer
`,
)

/** KEYS: meta, names, facts. ARGV: from, to, limit. Then key, value, … */
export const LIST = script(
  true,
  `
local answer = redis.call('HMGET', KEYS[1], 'layout', 'generation', 'position')
local names = redis.call('ZRANGE', KEYS[2], ARGV[1], ARGV[2], 'BYLEX', 'LIMIT', 0, ARGV[3])
for from = 1, #names, ${ITEMS_AT_ONCE} do
  local to = math.min(#names, from + ${ITEMS_AT_ONCE - 1})
  local values = redis.call('HMGET', KEYS[3], unpack(names, from, to))
  for i = from, to do
    answer[#answer + 1] = names[i]
    answer[#answer + 1] = values[i - from + 1]
  end
end
return answer
`,
)

/**
 * KEYS: meta, all that is written to. ARGV: layout, generation, after, position, timeMs, commit, origin, the types that what is
 * written to must have, then calls: command, number of the key, what follows. Nothing is written unless all can be: scripts
 * are not rolled back. A commit that is there already is told from one that somebody else made by its name.
 */
export const COMMIT = script(
  false,
  `
local stored = redis.call('HMGET', KEYS[1], 'layout', 'generation', 'position', 'commit')
if stored[1] and stored[1] ~= ARGV[1] then return {'layout', stored[1]} end
local position = stored[3] or '0'
if position == ARGV[4] and stored[4] == ARGV[6] then return {'done'} end
if position ~= ARGV[3] or (stored[2] or '0') ~= ARGV[2] then return {'conflict', position} end
local types = cmsgpack.unpack(ARGV[8])
for i = 2, #KEYS do
  local found = redis.call('TYPE', KEYS[i]).ok
  if found ~= 'none' and found ~= types[i - 1] then
    return redis.error_reply('WRONGTYPE ' .. KEYS[i] .. ' is a ' .. found)
  end
end
for i = 9, #ARGV do
  local call = cmsgpack.unpack(ARGV[i])
  redis.call(call[1], KEYS[tonumber(call[2])], unpack(call, 3))
end
redis.call('HSET', KEYS[1], 'layout', ARGV[1], 'generation', ARGV[2], 'position', ARGV[4], 'timeMs', ARGV[5], 'commit', ARGV[6], 'origin', ARGV[7])
return {'done'}
`,
)

/** KEYS: meta, generations that may hold something. ARGV: layout, generation, the next one. */
export const CLEAR = script(
  false,
  `
if (redis.call('HGET', KEYS[1], 'generation') or '0') ~= ARGV[2] then return 0 end
redis.call('SADD', KEYS[2], ARGV[2])
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'layout', ARGV[1], 'generation', ARGV[3], 'position', '0', 'timeMs', '0')
return 1
`,
)
