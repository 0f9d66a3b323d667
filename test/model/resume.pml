/*
 * The resume: one log, one gateway, one page. What is modelled, and what is not, is said in README.md beside this.
 * A seeded bug is one check taken away, by -D and its name.
 */

#ifndef ENTRIES
#define ENTRIES 3 /* appended in all: key n is the n-th */
#endif
#ifndef EPOCHS
#define EPOCHS 2
#endif
#define LIMIT 2   /* entries a reading has at most */
#define RING 2    /* entries a ring keeps */
#define PENDING 1 /* live entries held while the ring is mended */

#ifndef TRIMS
#define TRIMS 1
#endif
#ifndef ROLLBACKS
#define ROLLBACKS 1
#endif
#ifndef CUTS
#define CUTS 1
#endif

/* A position: epoch, offset, tag. The tag is the key itself; 0 where there is no entry to anchor to. */
#define AT(epoch, offset, tag) ((epoch) * 64 + (offset) * 8 + (tag))
#define EPOCH(at) ((at) / 64)
#define OFFSET(at) (((at) / 8) % 8)
#define TAG(at) ((at) % 8)
#define NOWHERE 0
/* What a replayed trail tells; a search does not print. */
#define SAY(text, p) printf(text, EPOCH(p), OFFSET(p), TAG(p))

/* Entries without a hole: those after `lo` up to `hi`. tag[lo] is the tag of the place before the first. */
typedef Stretch { byte epoch; byte lo; byte hi; byte tag[ENTRIES + 1] }
#define BASE(s) AT(s.epoch, s.lo, s.tag[s.lo])
#define END(s) AT(s.epoch, s.hi, s.tag[s.hi])

mtype = { none, asked, answered }                /* a call to the broker */
mtype = { whole, mending }                       /* a ring */
mtype = { inRing, inStretch, lost_place }        /* where a cursor goes on */
mtype = { ENTRY, GAP, LIVE }                     /* frames */
mtype = { trimmed, reset }                       /* a gap's reason */

typedef Reading { mtype state; Stretch found; byte top; mtype gap }

/* The broker. */
Stretch log;
byte before[ENTRIES + 1]; /* of a key: the key before it, in the log as it was then */
byte appended, trims, rollbacks;
chan tail = [1] of { byte, byte }; /* at, previous */
bool isMissed;                     /* the engine knows that the live end broke, and will say `interrupted` */
bool isHealed;                     /* nothing more is appended, and nothing more goes wrong */

/* The gateway: src/gateway/followed-log.ts and resume.ts. */
bool isAttached;
#ifdef TAIL_TOO_EARLY
bool isDeaf; /* the broker does not deliver yet */
#define IS_HEARD (isAttached && !isDeaf)
#else
#define IS_HEARD isAttached
#endif
Stretch ring, stretch; /* epoch 0: there is none */
mtype state;
byte pending[PENDING]; byte pendingPrevious[PENDING]; byte pendingCount;
bool hasMissed;
Reading mended, read;
byte readAfter;

/* Its subscription: a cursor. */
byte position;
mtype place;
byte gapAt; mtype gapReason;
bool isLive, isProven, isWanting, isLate, isReady;

/* The socket, and the page: src/client/session.ts. */
bool isConnected;
chan frames = [1] of { mtype, byte, mtype };
byte mine;
bool isCaughtUp;
byte cuts;
byte delivered; /* bits of keys */

hidden byte i, at, previous, count;
hidden mtype frame, why, succession;
mtype = { next, known, unproven }
hidden byte isFound, isAsked, isUnproven, isFull;
hidden byte newest;

#define IS_PROVABLE(p) (EPOCH(p) == log.epoch && OFFSET(p) >= log.lo && OFFSET(p) <= log.hi && (TAG(p) == 0 || TAG(p) == log.tag[OFFSET(p)]))

/* Breaches of the promise; the names are those of test/simulation/follower-model.ts. What is silent is an invalid end state. */
hidden byte isLost, isDuplicated, isReordered, isFalseGap;

inline clear(s) {
  s.epoch = 0; s.lo = 0; s.hi = 0;
  for (i : 0 .. ENTRIES) { s.tag[i] = 0 }
  i = 0
}

inline copy(from, to) {
  to.epoch = from.epoch; to.lo = from.lo; to.hi = from.hi;
  for (i : 0 .. ENTRIES) { to.tag[i] = from.tag[i] }
  i = 0
}

/* ---- the broker: src/broker/kept-log.ts ---- */

inline append() {
  appended++;
  previous = END(log);
  before[appended] = log.tag[log.hi];
  log.hi++;
  log.tag[log.hi] = appended;
  SAY("broker: append %d:%d:%d\n", END(log));
  if
  :: !IS_HEARD -> skip
  :: else ->
     if
     :: nfull(tail) -> tail!END(log), previous
     :: full(tail) -> isMissed = true; printf("        no room on the live end\n")
     fi
  fi
}

/* What a follower's position is worth, and what lies after it. */
inline answer(r, after) {
  SAY("broker: read after %d:%d:%d\n", after);
  r.top = END(log);
  r.gap = 0;
  if
#ifndef NO_EPOCH_CHECK
  :: EPOCH(after) != log.epoch || OFFSET(after) > log.hi -> r.gap = reset
#else
  :: OFFSET(after) > log.hi -> r.gap = reset
#endif
  :: else ->
     if
     :: OFFSET(after) < log.lo -> r.gap = trimmed
#ifndef NO_ANCHOR_CHECK
     :: OFFSET(after) >= log.lo && TAG(after) != 0 && TAG(after) != log.tag[OFFSET(after)] -> r.gap = reset
#endif
     :: else -> skip
     fi
  fi;
#ifdef EMPTY_LOG_IS_THE_FUTURE
  if
  :: TAG(after) == 0 && r.gap == 0 -> previous = log.hi
  :: else -> previous = (r.gap == reset -> log.hi : (r.gap == trimmed -> log.lo : OFFSET(after)))
  fi;
#else
  previous = (r.gap == reset -> log.hi : (r.gap == trimmed -> log.lo : OFFSET(after)));
#endif
  r.found.epoch = log.epoch;
  r.found.lo = previous;
  r.found.hi = (log.hi - previous > LIMIT -> previous + LIMIT : log.hi);
  for (i : 0 .. ENTRIES) {
    r.found.tag[i] = ((i >= previous && i <= r.found.hi) -> log.tag[i] : 0)
  }
  if
  :: r.gap == 0 -> r.found.tag[previous] = TAG(after)
  :: else -> skip
  fi;
#ifdef NO_TRIMMED
  if :: r.gap == trimmed -> r.gap = 0 :: else -> skip fi;
#endif
#ifdef NO_RESET
  if :: r.gap == reset -> r.gap = 0 :: else -> skip fi;
#endif
  r.state = answered;
  printf("        gives %d up to %d, gap %e\n", r.found.lo, r.found.hi, r.gap);
  i = 0; previous = 0
}

/* ---- the gateway ---- */

inline mend() {
  if
  :: ring.epoch != 0 && state == whole -> state = mending; mended.state = asked
  :: else -> skip
  fi
}

inline takeTop(end) {
  if
#ifdef TOP_FORGOTTEN
  :: ring.epoch == 0 || state != whole -> skip
#else
  :: ring.epoch == 0 || state != whole -> hasMissed = true
#endif
  :: else -> if :: end != END(ring) -> mend() :: else -> skip fi
  fi
}

inline readStretch() {
  if
#ifdef READ_BEFORE_TAIL
  :: read.state == none && isWanting
#else
  :: read.state == none && isWanting && isAttached
#endif
     -> read.state = asked; readAfter = position
  :: else -> skip
  fi
}

/* How an entry stands to the ring's end. */
inline judge() {
  succession = unproven;
  if
#if defined(NO_HOLE_CHECK)
  :: EPOCH(at) == ring.epoch && OFFSET(at) > ring.hi -> succession = next
#elif defined(PREVIOUS_UNTAGGED)
  :: EPOCH(at) == ring.epoch && OFFSET(at) > ring.hi && OFFSET(previous) == ring.hi -> succession = next
#else
  :: EPOCH(at) == ring.epoch && OFFSET(at) > ring.hi && previous == END(ring) -> succession = next
#endif
  :: EPOCH(at) == ring.epoch && OFFSET(at) > ring.lo && OFFSET(at) <= ring.hi && TAG(at) == ring.tag[OFFSET(at)] -> succession = known
  :: else -> skip
  fi
}

inline push() {
#ifdef NO_HOLE_CHECK
  /* Its neighbours are wherever they are: here they get neighbouring places. */
  ring.hi = OFFSET(at);
#else
  ring.hi++;
#endif
  ring.tag[ring.hi] = TAG(at)
}

inline trimRing(most) {
  do
  :: ring.hi - ring.lo > most -> ring.tag[ring.lo] = 0; ring.lo++
  :: else -> break
  od
}

inline dropStretch() {
  clear(stretch);
  if :: place == inStretch -> place = lost_place :: else -> skip fi
}

inline growRing() {
  trimRing(RING);
  isReady = isConnected
}

inline takeEntry() {
  SAY("gateway: live entry %d:%d:%d\n", at);
  if
  :: ring.epoch != 0 && state == whole -> judge()
  :: else -> succession = unproven
  fi;
  if
  :: succession == known -> skip
  :: succession == next -> push(); growRing()
  :: else ->
#ifndef NO_PENDING
     if
     :: pendingCount < PENDING ->
        pending[pendingCount] = at; pendingPrevious[pendingCount] = previous; pendingCount++
     :: else -> hasMissed = true
     fi;
#endif
     mend()
  fi;
  at = 0; previous = 0
}

inline takePending() {
  isUnproven = hasMissed;
  count = 0;
  do
  :: count < pendingCount ->
     at = pending[count]; previous = pendingPrevious[count];
     pending[count] = 0; pendingPrevious[count] = 0;
     judge();
     if
     :: succession == next -> push()
     :: succession == unproven -> isUnproven = true
     :: else -> skip
     fi;
     count++
  :: else -> break
  od;
  pendingCount = 0; hasMissed = false;
  if :: isUnproven -> mend() :: else -> skip fi;
  growRing();
  at = 0; previous = 0; count = 0
}

inline forgetReading(r) {
  r.state = none; r.top = 0; r.gap = 0;
  clear(r.found)
}

inline takeMended() {
  printf("gateway: takes the reading for its ring\n");
  state = whole;
  isFull = (mended.found.hi - mended.found.lo == LIMIT);
  if
  :: mended.gap != 0 ->
     copy(mended.found, ring);
     dropStretch();
     if :: place == inRing -> place = lost_place :: else -> skip fi
  :: else ->
     for (count : mended.found.lo + 1 .. mended.found.hi) {
       at = AT(mended.found.epoch, count, mended.found.tag[count]);
       push()
     }
  fi;
  isProven = false;
  forgetReading(mended);
  if :: isFull -> mend() :: else -> skip fi;
  if
  :: state == whole -> takePending()
  :: else -> growRing()
  fi;
  at = 0; count = 0
}

/* Is a position in these? `locate` and `Ring.find`. */
inline find(s, p) {
  isFound = s.epoch != 0 && EPOCH(p) == s.epoch && OFFSET(p) <= s.hi && OFFSET(p) >= s.lo && (TAG(p) == 0 || TAG(p) == s.tag[OFFSET(p)])
}

inline findPlace() {
  isFound = false;
  if
  :: state == whole || TAG(position) != 0 ->
     find(ring, position);
#ifdef RING_GUESSES
     if
     :: !isFound && ring.epoch == EPOCH(position) && OFFSET(position) < ring.lo -> isFound = true; position = BASE(ring)
     :: else -> skip
     fi;
#endif
     if :: isFound -> place = inRing :: else -> skip fi
  :: else -> skip
  fi;
  if
  :: !isFound ->
     find(stretch, position);
     isFound = isFound && OFFSET(position) < stretch.hi;
     if :: isFound -> place = inStretch :: else -> skip fi
  :: else -> skip
  fi
}

inline passGap(reason, where) {
  gapReason = reason; gapAt = where;
  position = where; place = lost_place;
  isFound = true
}

/* What a reading after one place means for the cursor that waits. isFound: it goes on. */
inline resume() {
  isAsked = (position == readAfter);
  isFound = false;
  if
  :: EPOCH(position) != EPOCH(read.top) && !isAsked && isLate -> skip
  :: else ->
     if
     :: EPOCH(position) != EPOCH(read.top) || (isAsked && read.gap == reset) -> passGap(reset, read.top)
     :: else ->
        if
        :: read.gap == trimmed && (isAsked || OFFSET(position) < read.found.lo) -> passGap(trimmed, BASE(read.found))
        :: else ->
           if
           :: isAsked -> isFound = true;
              if
              :: read.found.lo == read.found.hi -> isProven = true
              :: else -> position = BASE(read.found)
              fi
           :: else -> skip
           fi
        fi
     fi
  fi
}

inline takeStretch() {
  printf("gateway: takes a stretch\n");
#ifndef STALE_STRETCH
  /* What goes beyond the end that the log has now was read before a rollback. */
  if :: EPOCH(read.top) != stretch.epoch || OFFSET(read.top) < stretch.hi -> dropStretch() :: else -> skip fi;
#endif
  if
  :: ring.epoch == 0 ->
     if
     :: read.found.hi - read.found.lo < LIMIT -> copy(read.found, ring)
     :: else ->
        ring.epoch = EPOCH(read.top); ring.lo = OFFSET(read.top); ring.hi = ring.lo; ring.tag[ring.lo] = TAG(read.top)
     fi;
     state = whole;
     takePending()
  :: else ->
     /* What lies before the ring's base, if it reaches it. */
     find(read.found, BASE(ring));
     if
     :: isFound && OFFSET(BASE(ring)) > read.found.lo ->
        for (i : read.found.lo .. ring.lo - 1) { ring.tag[i] = read.found.tag[i] }
        ring.lo = read.found.lo;
        i = 0
     :: else -> skip
     fi;
     trimRing(RING);
     if :: EPOCH(read.top) != ring.epoch -> mend() :: else -> skip fi
  fi;
  /* Kept beside the ring, when the ring has not all of it. */
  if
  :: read.found.lo == read.found.hi -> isUnproven = false
  :: else ->
     isUnproven = !(ring.epoch == read.found.epoch && ring.lo <= read.found.lo && ring.hi > read.found.lo && ring.tag[read.found.lo + 1] == read.found.tag[read.found.lo + 1]);
     if :: isUnproven -> dropStretch(); copy(read.found, stretch) :: else -> skip fi
  fi;
  if
  :: isWanting ->
     resume();
     isLate = false;
     if
     :: isFound && read.found.lo != read.found.hi && position == BASE(read.found) ->
        place = (isUnproven -> inStretch : inRing)
     :: isFound -> skip
     :: else -> findPlace()
     fi;
     if
     :: isFound -> isWanting = false; isReady = true
     :: else -> skip
     fi
  :: else -> skip
  fi;
  forgetReading(read);
  readAfter = 0;
  readStretch()
}

/* Says in isFound whether the cursor goes on; else it waits. */
inline canGoOn() {
  isFound = (place == inRing && OFFSET(position) >= ring.lo) || (place == inStretch && stretch.epoch != 0 && OFFSET(position) < stretch.hi);
  if
  :: !isFound ->
     place = lost_place;
     findPlace();
     if
     :: isFound -> skip
#ifndef NOTHING_IS_PROVEN
     :: !isFound && isProven -> mend()
     :: !isFound && !isProven ->
#else
     :: else ->
#endif
        isWanting = true;
        isLate = (read.state != none);
        readStretch()
     fi
  :: else -> skip
  fi
}

/* One delivery, as `take` gives it and the connection writes it. */
inline take() {
  if
  :: gapAt != NOWHERE ->
#ifndef NO_GAP_FRAME
     frames!GAP, gapAt, gapReason;
#endif
     gapAt = NOWHERE; gapReason = 0
  :: else ->
     canGoOn();
     if
     :: !isFound -> isReady = false
     :: isFound && place == inRing && OFFSET(position) < ring.hi ->
        position = AT(ring.epoch, OFFSET(position) + 1, ring.tag[OFFSET(position) + 1]);
        isProven = false;
        frames!ENTRY, position, 0
     :: isFound && place == inStretch ->
        position = AT(stretch.epoch, OFFSET(position) + 1, stretch.tag[OFFSET(position) + 1]);
        isProven = false;
        frames!ENTRY, position, 0
     :: else -> /* at the ring's end */
        isReady = false;
        position = END(ring);
        if
        :: state == whole && !isLive -> isLive = true; frames!LIVE, position, 0
        :: else -> skip
        fi
     fi
  fi
}

inline unfollow() {
  position = NOWHERE; place = 0; gapAt = NOWHERE; gapReason = 0;
  isLive = false; isProven = false; isWanting = false; isLate = false; isReady = false
}

/* The next connection is to a gateway that knows nothing of this log. */
inline forget() {
  printf("the gateway is killed\n");
  isAttached = false; isMissed = false; state = 0; hasMissed = false;
#ifdef TAIL_TOO_EARLY
  isDeaf = false;
#endif
  clear(ring); clear(stretch);
  for (i : 0 .. PENDING - 1) { pending[i] = 0; pendingPrevious[i] = 0 }
  pendingCount = 0;
  do :: len(tail) > 0 -> tail?at, previous :: len(tail) == 0 -> break od;
  forgetReading(mended); forgetReading(read);
  readAfter = 0; at = 0; previous = 0
}

/* The engine lost something, and its connections with it: what was under way is lost, and `interrupted` follows. */
inline breakConnections() {
  SAY("broker: rolled back or restarted, ends at %d:%d:%d\n", END(log));
#ifndef LATE_LIVE
  do :: len(tail) > 0 -> tail?at, previous :: len(tail) == 0 -> break od;
#endif
  if :: isAttached -> isMissed = true :: else -> skip fi;
  at = 0; previous = 0
}

/* ---- the page ---- */

inline hear() {
  frames?frame, at, why;
  printf("page: %e %d:%d:%d %e\n", frame, EPOCH(at), OFFSET(at), TAG(at), why);
  if
  :: frame == ENTRY ->
     if
     :: EPOCH(at) == EPOCH(mine) && OFFSET(at) <= OFFSET(mine) -> skip /* it has it */
     :: else ->
        isDuplicated = (delivered >> TAG(at)) & 1;
        isReordered = (EPOCH(at) != EPOCH(mine) || OFFSET(at) <= OFFSET(mine));
        isLost = (before[TAG(at)] != TAG(mine)); /* what came between was passed over, and no gap told */
        assert(!isDuplicated);
        assert(!isReordered);
        assert(!isLost);
        delivered = delivered | (1 << TAG(at));
        mine = at
     fi
  :: frame == GAP ->
     /* Told for a place that a read could prove, or of more than is gone. */
     isFalseGap = (IS_PROVABLE(mine) || (why == trimmed && EPOCH(at) == log.epoch && OFFSET(at) > log.lo));
     assert(!isFalseGap);
#ifndef ONCE_OVER_RESETS
     /* A known limit: a gateway that has not heard of a rollback yet may send on what was lost in it. */
     if :: why == reset -> delivered = 0 :: else -> skip fi;
#endif
     mine = at
  :: frame == LIVE -> isCaughtUp = true
  fi;
  frame = 0; at = 0; why = 0
}

inline cut() {
  printf("the connection is cut\n");
  isConnected = false; isCaughtUp = false; cuts++;
  do :: len(frames) > 0 -> frames?frame, at, why :: len(frames) == 0 -> break od;
  frame = 0; at = 0; why = 0;
  unfollow()
}

inline connect() {
  SAY("page: connects, from %d:%d:%d\n", mine);
  isConnected = true;
  position = mine; place = lost_place; isReady = true
}

#define IS_AT_TOP (isConnected && isCaughtUp && empty(frames) && EPOCH(mine) == log.epoch && OFFSET(mine) == log.hi && (TAG(mine) == log.tag[log.hi] || TAG(mine) == 0))

init {
  d_step {
    log.epoch = 1;
    mine = END(log); /* the token says where the log ends: an empty one has a place too */
    mended.state = none; read.state = none
  }
  do
  /* what happens to the log */
  :: d_step { !isHealed && appended < ENTRIES -> append() }
  :: d_step { !isHealed && trims < TRIMS && log.lo < log.hi -> trims++; log.tag[log.lo] = 0; log.lo++; SAY("broker: trimmed up to %d:%d:%d\n", BASE(log)) }
  :: d_step { !isHealed && rollbacks < ROLLBACKS && log.lo < log.hi ->
       rollbacks++; log.tag[log.hi] = 0; log.hi--; breakConnections() }
  :: d_step { !isHealed && rollbacks < ROLLBACKS && log.lo + 1 < log.hi ->
       rollbacks++; log.tag[log.hi] = 0; log.tag[log.hi - 1] = 0; log.hi = log.hi - 2; breakConnections() }
  :: d_step { !isHealed && log.epoch < EPOCHS ->
       i = log.epoch + 1; newest = i; clear(log); log.epoch = newest; breakConnections() }
  /* the live end */
  :: d_step { nempty(tail) -> tail?at, previous; takeEntry() }
#ifndef NO_TAIL_CHECK
  :: d_step { isMissed -> isMissed = false; SAY("gateway: interrupted, top %d:%d:%d\n", END(log)); takeTop(END(log)) }
#endif
  /* the broker's answers */
  :: d_step { mended.state == asked -> answer(mended, END(ring)) }
  :: d_step { mended.state == answered -> takeMended() }
  :: d_step { read.state == asked -> answer(read, readAfter) }
  :: d_step { read.state == answered -> takeStretch() }
  /* the gateway */
  :: d_step { isConnected && !isAttached -> isAttached = true;
#ifdef TAIL_TOO_EARLY
       isDeaf = true;
#endif
       readStretch() }
#ifdef TAIL_TOO_EARLY
  :: d_step { isDeaf -> isDeaf = false }
#endif
  :: d_step { isConnected && isReady && nfull(frames) -> take() }
  /* the page */
  :: d_step { nempty(frames) -> hear() }
  :: d_step { !isConnected -> connect() }
  :: d_step { !isHealed && cuts < CUTS && isConnected -> cut() }
  :: d_step { !isHealed && cuts < CUTS && isConnected -> cut(); forget() }
  :: d_step { !isHealed -> isHealed = true }
  /* Rest. Whoever comes to rest elsewhere is silent: Spin calls it an invalid end state. */
  :: IS_AT_TOP -> break
  od
}
