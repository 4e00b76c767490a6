/* Revocation against decisions that are being made: the clock, the floor, and what an entry carries.
 *
 *   BROKEN_LATE_STAMP   an entry carries the clock as it is when the entry is stored, not when its decision began
 *   BROKEN_ORDER        the cache is told first, and the directory is changed after that
 *
 * What must hold: once a revocation has returned, no look that begins then finds an entry that was decided by what the
 * directory said before. scripts/check-models.sh checks this, and that each broken variant is found out.
 */

#define REVOCATIONS 3

byte version = 0;  /* What the directory says of the user. */
byte ended = 0;    /* The version up to which revocations have returned. */
byte clock = 1;
byte floor = 0;

/* One slot. What an entry says of its decision: at most two workers write it, by one exchange each. */
bool present = false;
byte entryVersion = 0;
byte entryStamp = 0;

proctype revoker() {
    byte next = 0;
    byte stamp = 0;
    do
    :: next < REVOCATIONS ->
       next++;
#ifndef BROKEN_ORDER
       version = next;
#endif
       atomic { clock++; stamp = clock };
       floor = stamp;
#ifdef BROKEN_ORDER
       version = next;
#endif
       ended = next
    :: else -> break
    od
}

proctype worker() {
    byte stamp = 0;
    byte decided = 0;
    byte promised = 0;
    byte foundStamp = 0;
    byte foundVersion = 0;
    bool found = false;
end:
    do
    :: stamp = clock;
       decided = version;
#ifdef BROKEN_LATE_STAMP
       stamp = clock;
#endif
       d_step { present = true; entryVersion = decided; entryStamp = stamp };
       stamp = 0;
       decided = 0
    :: promised = ended;
       d_step { found = present; foundVersion = entryVersion; foundStamp = entryStamp };
       if
       :: found ->
          /* As `userHolds`: the clock first, then the floor. */
          if
          :: atomic { foundStamp == clock -> assert(foundVersion >= promised) }
          :: atomic { foundStamp != clock -> skip };
             if
             :: atomic { foundStamp >= floor -> assert(foundVersion >= promised) }
             :: atomic { foundStamp < floor -> skip }
             fi
          fi
       :: else
       fi;
       d_step { promised = 0; found = false; foundVersion = 0; foundStamp = 0 }
    od
}

init {
    atomic { run revoker(); run worker(); run worker() }
}
