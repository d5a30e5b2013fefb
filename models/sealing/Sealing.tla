------------------------------ MODULE Sealing ------------------------------
(***************************************************************************)
(* Sealing against concurrent append, read, truncate and collect.          *)
(*                                                                         *)
(* Describes (each of these files names this model):                       *)
(*   shared/partition/seal-partition.ts     sealPartition gather seal addToList *)
(*   shared/partition/partition-reader.ts   read #fromHotTail #around highWatermark *)
(*   shared/partition/truncate-partition.ts truncatePartition              *)
(*   shared/partition/trim-hot-entries.ts   trimHotEntries                 *)
(*   shared/partition/remove-segments.ts    removeSegments                 *)
(*   shared/partition/collect-blobs.ts      unneededHotBlobs unreferencedSegmentBlobs *)
(*                                                                         *)
(* An offset is an entry of one record, whose payload is a blob. Appending *)
(* is one step here: see the model of the shared log. Time is ages, as     *)
(* there. An empty log is one that was trimmed before; what is compacted   *)
(* and what transactions hide is left out.                                 *)
(*                                                                         *)
(* A range read is no snapshot (invariant 6): it finds every entry that    *)
(* was acknowledged before it began, and any of those that came since.     *)
(***************************************************************************)
EXTENDS Integers, FiniteSets

CONSTANTS
  OffsetsMax,         \* records that are appended
  Sealers,            \* processes that seal
  SealsMax,           \* runs of each
  SealersAtOnce,      \* processes whose runs are one step each: where what others do beside them is looked at
  ReadsMax,           \* reads of the one reader, which remembers from one to the next
  RestartsMax,        \* restartsMax
  GraceTicks,         \* graceMs; proof of the list's end, and blobs to be referred to, are good for the tick they are of
  \* Mutants: each switches one rule off.
  SealWithoutEvidence,\* a sealer puts into the list however old its proof of the list's end is
  ReferToOldBlobs,    \* a sealer refers to blobs that it stored long ago
  SealAcrossGap,      \* a sealer takes what a range read found, whether or not it is a chain
  TrimLastOfList,     \* the last entry of the segment list goes as well
  TrimUnsealed,       \* hot entries go when they are old, sealed or not
  CollectUnsealed,    \* payloads go when they are old, whether or not an unsealed entry refers to them
  TrustOldTail,       \* an empty read at a tail that was proven long ago counts (reader's #stillTail)
  TrustOldEntry,      \* the entry before an empty offset is proof of the tail however old it is (reader's #isOld)
  NeverLookAgain      \* a payload that is gone is damage, not a reason to look again

Offsets == 0 .. OffsetsMax - 1
AgeMax == GraceTicks + 1
HalfGrace == GraceTicks \div 2
Older(age) == IF age = AgeMax THEN age ELSE age + 1
Max(a, b) == IF a > b THEN a ELSE b
Gone == -1

VARIABLES
  tail,       \* what was acknowledged: all offsets below it
  hot,        \* offset -> age of the entry, or Gone
  payload,    \* offsets whose payload's blob is there
  list,       \* the segment list: records [base, end, id]
  blob,       \* blobs of segments: records [base, end, id, age]
  sealedMost, \* the largest end that the list ever had
  start,      \* logStartOffset, the age of its last rise, and what it was more than a grace period ago
  sealer,
  reader,
  answer      \* of the last read: what it was for, what was acknowledged before it, what it says

vars == <<tail, hot, payload, list, blob, sealedMost, start, sealer, reader, answer>>

NoSegment == [base |-> 0, end |-> 0, id |-> <<0, 0>>]
IdleSealer == [pc |-> "idle", runs |-> 0, base |-> 0, end |-> 0, tail |-> 0, seen |-> 0, stored |-> 0, takes |-> {}]
IdleReader == [
  pc |-> "idle", offset |-> 0, reads |-> 0, restarts |-> 0, tail |-> 0,
  later |-> FALSE,                         \* the query found something behind the offset
  last |-> [next |-> 0, isOld |-> TRUE],   \* the last hot entry, as highWatermark found it
  seen |-> 0,                              \* age of what will be proof
  segment |-> NoSegment,
  \* What is remembered from one read to the next.
  proven |-> [position |-> Gone, age |-> 0],
  known |-> NoSegment,
  sealedEnd |-> Gone,
  start |-> 0
]
NoAnswer == [kind |-> "none", offset |-> 0, tail |-> 0]

Init ==
  /\ tail = 0
  /\ hot = [o \in Offsets |-> Gone]
  /\ payload = {}
  /\ list = {}
  /\ blob = {}
  /\ sealedMost = 0
  /\ start = [offset |-> 0, age |-> 0, settled |-> 0]
  /\ sealer = [s \in Sealers |-> IdleSealer]
  /\ reader = IdleReader
  /\ answer = NoAnswer

IsHot(o) == o \in Offsets /\ hot[o] # Gone
Hot(from) == {o \in Offsets : o >= from /\ IsHot(o)}
Largest(set) == CHOOSE x \in set : \A y \in set : y <= x
LastListed == IF list = {} THEN NoSegment ELSE CHOOSE s \in list : \A t \in list : t.base <= s.base
ListEnd == LastListed.end
BlobOf(segment) == \E b \in blob : b.id = segment.id

\* A query from an offset on that began when `before` was acknowledged.
RangeReads(from, before) == {found \in SUBSET Hot(from) : \A o \in Hot(from) : o < before => o \in found}
RECURSIVE ChainIn(_, _)
ChainIn(found, o) == IF o \in found THEN {o} \union ChainIn(found, o + 1) ELSE {}

\* Where a reader is looked at, what comes after its last read is not.
IsRead == ReadsMax > 0 /\ reader.reads = ReadsMax /\ reader.pc = "idle"
IsDone == reader.reads = ReadsMax /\ reader.pc = "idle" /\ \A s \in Sealers : sealer[s].runs = SealsMax /\ sealer[s].pc = "idle"

(* --------------------- append, truncate, and what they leave behind --------------------- *)

Append ==
  /\ ~IsRead
  /\ tail < OffsetsMax
  /\ hot' = [hot EXCEPT ![tail] = 0]
  /\ payload' = payload \union {tail}
  /\ tail' = tail + 1
  /\ UNCHANGED <<list, blob, sealedMost, start, sealer, reader, answer>>

\* truncatePartition, retainPartition: up to any offset that is proven to be in the log.
RaiseStart ==
  /\ ~IsRead
  /\ \E o \in start.offset + 1 .. tail : start' = [start EXCEPT !.offset = o, !.age = 0]
  /\ UNCHANGED <<tail, hot, payload, list, blob, sealedMost, sealer, reader, answer>>

\* trimHotEntries, and a store's TTL: in any order, late or never.
DropEntry(o) ==
  /\ ~IsRead
  /\ IsHot(o)
  /\ hot[o] > GraceTicks
  /\ o < ListEnd \/ TrimUnsealed
  /\ hot' = [hot EXCEPT ![o] = Gone]
  /\ UNCHANGED <<tail, payload, list, blob, sealedMost, start, sealer, reader, answer>>

\* unneededHotBlobs, and the deletion behind trimHotEntries: the entry may still be there, where a store drops it late.
DropPayload(o) ==
  /\ ~IsRead
  /\ o \in payload
  /\ ~IsHot(o) \/ hot[o] > GraceTicks
  /\ o < ListEnd \/ CollectUnsealed
  /\ payload' = payload \ {o}
  /\ UNCHANGED <<tail, hot, list, blob, sealedMost, start, sealer, reader, answer>>

\* removeSegments: the list's entry first, its blob after it. The last entry stays.
TrimSegment(s) ==
  /\ ~IsRead
  /\ s \in list
  /\ s.end <= start.settled
  /\ s # LastListed \/ TrimLastOfList
  /\ list' = list \ {s}
  /\ UNCHANGED <<tail, hot, payload, blob, sealedMost, start, sealer, reader, answer>>

\* removeSegments behind the entry, and of the last one; unreferencedSegmentBlobs of what never came to the list.
DropBlob(b) ==
  /\ ~IsRead
  /\ b \in blob
  /\ LET isListed == \E s \in list : s.id = b.id
     IN  IF isListed THEN b.end <= start.settled ELSE b.end <= start.settled \/ b.age > GraceTicks
  /\ blob' = blob \ {b}
  /\ UNCHANGED <<tail, hot, payload, list, sealedMost, start, sealer, reader, answer>>

(* ------------------------------ seal-partition.ts ------------------------------ *)

IsSealer(s, me) == sealer' = [sealer EXCEPT ![s] = me]
EndRun(s) == IsSealer(s, [IdleSealer EXCEPT !.runs = sealer[s].runs])

ReadList(s) ==
  /\ sealer[s].pc = "idle"
  /\ sealer[s].runs < SealsMax
  /\ IsSealer(s, [IdleSealer EXCEPT !.pc = "gather", !.runs = sealer[s].runs + 1, !.base = ListEnd, !.tail = tail])
  /\ UNCHANGED <<tail, hot, payload, list, blob, sealedMost, start, reader, answer>>

\* gather: any number of the entries that continue the list, by a query that is no snapshot.
Gather(s) ==
  LET me == sealer[s] IN
  /\ me.pc = "gather"
  /\ \E found \in RangeReads(me.base, me.tail) :
       LET chain == IF SealAcrossGap THEN found ELSE ChainIn(found, me.base) IN
       IF chain = {} THEN EndRun(s)
       ELSE \E last \in chain :
              IsSealer(s, [me EXCEPT !.pc = "store", !.end = last + 1, !.takes = {o \in chain : o <= last}, !.tail = 0])
  /\ UNCHANGED <<tail, hot, payload, list, blob, sealedMost, start, reader, answer>>

\* build, and the blobs beside it: every payload has to be there.
Store(s) ==
  LET me == sealer[s]
      new == [base |-> me.base, end |-> me.end, id |-> <<s, me.runs>>, age |-> 0]
  IN
  /\ me.pc = "store"
  /\ IF me.takes \subseteq payload
     THEN blob' = blob \union {new} /\ IsSealer(s, [me EXCEPT !.pc = "put", !.stored = 0])
     ELSE UNCHANGED blob /\ EndRun(s)
  /\ UNCHANGED <<tail, hot, payload, list, sealedMost, start, reader, answer>>

\* addToList: one put, while the proof of the list's end is fresh and the blobs are young.
Put(s) ==
  LET me == sealer[s]
      isTaken == \E other \in list : other.base = me.base
      isFresh == me.seen = 0 \/ SealWithoutEvidence
      mayRefer == me.stored = 0 \/ ReferToOldBlobs
  IN
  /\ me.pc = "put"
  /\ \/ ~mayRefer /\ EndRun(s) /\ UNCHANGED <<list, sealedMost>>
     \* Stale: the end is read again, and the run is over if it has moved.
     \/ mayRefer /\ ~isFresh /\ UNCHANGED <<list, sealedMost>>
          /\ IF ListEnd = me.base THEN IsSealer(s, [me EXCEPT !.seen = 0]) ELSE EndRun(s)
     \/ mayRefer /\ isFresh /\ isTaken /\ EndRun(s) /\ UNCHANGED <<list, sealedMost>>
     \/ mayRefer /\ isFresh /\ ~isTaken /\ EndRun(s)
          /\ list' = list \union {[base |-> me.base, end |-> me.end, id |-> <<s, me.runs>>]}
          /\ sealedMost' = Max(sealedMost, me.end)
  /\ UNCHANGED <<tail, hot, payload, blob, start, reader, answer>>

\* All that a run does, as one step.
SealAtOnce ==
  /\ ~IsRead
  /\ SealersAtOnce # {}
  /\ \E last \in ChainIn(Hot(0), ListEnd) :
       LET new == [base |-> ListEnd, end |-> last + 1, id |-> <<0, last>>] IN
       /\ {o \in Offsets : ListEnd <= o /\ o <= last} \subseteq payload
       /\ list' = list \union {new}
       /\ blob' = blob \union {[base |-> new.base, end |-> new.end, id |-> new.id, age |-> 0]}
       /\ sealedMost' = Max(sealedMost, new.end)
  /\ UNCHANGED <<tail, hot, payload, start, sealer, reader, answer>>

(* ------------------------------ partition-reader.ts ------------------------------ *)

IsReader(me) == reader' = me
Says(kind, me) ==
  /\ answer' = [kind |-> kind, offset |-> reader.offset, tail |-> reader.tail]
  /\ IsReader([me EXCEPT !.pc = "idle", !.offset = 0, !.tail = 0, !.restarts = 0, !.later = FALSE, !.seen = 0,
                         !.last = IdleReader.last, !.segment = NoSegment])
Goes(me) == IsReader(me) /\ UNCHANGED answer
Store_ == <<tail, hot, payload, list, blob, sealedMost, start, sealer>>

Proves(me, position) ==
  IF position >= me.proven.position THEN [me EXCEPT !.proven = [position |-> position, age |-> me.seen]] ELSE me

\* A consumer asks for any offset that it may have come to. The start of the log is known late, or asked for.
BeginRead ==
  /\ reader.pc = "idle"
  /\ reader.reads < ReadsMax
  /\ \E o \in 0 .. tail : \E known \in {reader.start, start.offset} :
       LET me == [reader EXCEPT !.offset = o, !.tail = tail, !.reads = @ + 1, !.start = known]
           isKnown == me.known.base <= o /\ o < me.known.end
       IN
       IF o < known
       THEN answer' = [kind |-> "below", offset |-> o, tail |-> tail] /\ IsReader([reader EXCEPT !.reads = @ + 1, !.start = known])
       ELSE Goes([me EXCEPT !.pc = IF isKnown THEN "segment" ELSE IF o <= me.sealedEnd THEN "find first" ELSE "hot",
                            !.segment = IF isKnown THEN me.known ELSE NoSegment])
  /\ UNCHANGED Store_

\* #findSegment: one query. Where nothing is found, `otherwise` is where the read goes on.
Found(me, otherwise) ==
  LET around == {s \in list : s.base <= me.offset /\ me.offset < s.end} IN
  IF around = {}
  THEN [me EXCEPT !.pc = otherwise, !.sealedEnd = IF @ = me.offset THEN Gone ELSE @]
  ELSE LET s == CHOOSE s \in around : TRUE
       IN  [me EXCEPT !.pc = "segment", !.segment = s, !.known = s, !.sealedEnd = Max(@, s.end)]

FindSegment ==
  /\ \/ reader.pc = "find first" /\ Goes(Found(reader, "hot"))
     \* Likely sealed, and cheaper to read from there.
     \/ reader.pc = "hot entry" /\ (Goes(Found(reader, "payload")) \/ Goes([reader EXCEPT !.pc = "payload"]))
     \/ reader.pc = "find" /\ Goes(Found(reader, IF reader.later THEN "again" ELSE "watermark"))
  /\ UNCHANGED Store_

\* readSegment: the blob may be gone.
ServeSegment ==
  /\ reader.pc = "segment"
  /\ IF BlobOf(reader.segment)
     THEN Says("records", reader)
     ELSE IF NeverLookAgain THEN Says("damaged", reader)
     ELSE Goes([reader EXCEPT !.pc = "again", !.known = NoSegment, !.segment = NoSegment])
  /\ UNCHANGED Store_

\* #fromHotTail: one query from the offset on.
QueryHot ==
  /\ reader.pc = "hot"
  /\ \E found \in RangeReads(reader.offset, reader.tail) :
       IF reader.offset \in found
       THEN Goes([reader EXCEPT !.pc = "hot entry", !.seen = 0])
       ELSE Goes([reader EXCEPT !.pc = "around", !.seen = 0, !.later = found # {}])
  /\ UNCHANGED Store_

ServeEntry ==
  /\ reader.pc = "payload"
  /\ IF reader.offset \in payload THEN Says("records", reader)
     ELSE IF NeverLookAgain THEN Says("damaged", reader)
     ELSE Goes([reader EXCEPT !.pc = "again"])
  /\ UNCHANGED Store_

\* #around: no hot entry begins at the offset.
Around ==
  LET me == reader
      isStillTail == me.proven.position = me.offset /\ (me.proven.age <= HalfGrace \/ TrustOldTail)
      before == me.offset - 1
      isYoung == IsHot(before) /\ (hot[before] <= HalfGrace \/ TrustOldEntry)
  IN
  /\ me.pc = "around"
  /\ \/ ~me.later /\ isStillTail /\ Says("nothing new", Proves(me, me.offset))
     \/ (me.later \/ ~isStillTail)
        /\ IF IsHot(me.offset) THEN Goes([me EXCEPT !.pc = "payload"])
           ELSE IF ~me.later /\ isYoung THEN Says("nothing new", Proves(me, me.offset))
           ELSE Goes([me EXCEPT !.pc = "find"])
  /\ UNCHANGED Store_

\* highWatermark, its first request: the last hot entry.
Watermark ==
  LET me == reader
      last == IF Hot(0) = {} THEN Gone ELSE Largest(Hot(0))
      isOld == last = Gone \/ (hot[last] > HalfGrace /\ ~TrustOldEntry)
  IN
  /\ me.pc = "watermark"
  /\ Goes([me EXCEPT !.pc = "watermark of the list", !.seen = 0, !.last = [next |-> last + 1, isOld |-> isOld]])
  /\ UNCHANGED Store_

\* Its second, where the entry is old or gone: where the log is sealed to. Then what the offset is.
Judge ==
  LET me == reader
      position == IF me.last.isOld THEN Max(ListEnd, me.last.next) ELSE me.last.next
      watermark == Max(position, Max(me.proven.position, me.sealedEnd))
      proves == Proves(me, position)
  IN
  /\ me.pc = "watermark of the list"
  /\ IF me.offset > watermark THEN Says("beyond", proves)
     ELSE IF me.offset = watermark THEN Says("nothing new", proves)
     ELSE Goes([proves EXCEPT !.pc = "again"])
  /\ UNCHANGED Store_

\* Sealed and perhaps trimmed: the segment is looked for, then where the log begins by now.
LookAgain ==
  LET me == Found(reader, "hot") IN
  /\ reader.pc = "again"
  /\ Goes([me EXCEPT !.pc = "fresh start", !.last = IdleReader.last, !.later = FALSE])
  /\ UNCHANGED Store_

FreshStart ==
  LET me == [reader EXCEPT !.start = start.offset, !.restarts = @ + 1] IN
  /\ reader.pc = "fresh start"
  /\ IF me.offset < start.offset THEN Says("below", me)
     ELSE IF me.restarts >= RestartsMax THEN Says("damaged", me)
     ELSE Goes([me EXCEPT !.pc = IF me.segment # NoSegment THEN "segment"
                                 ELSE IF me.offset <= me.sealedEnd THEN "find first" ELSE "hot"])
  /\ UNCHANGED Store_

(* ------------------------------ time ------------------------------ *)

Tick ==
  /\ ~IsRead
  /\ ~IsDone
  /\ hot' = [o \in Offsets |-> IF IsHot(o) THEN Older(hot[o]) ELSE Gone]
  \* The age of what is listed, and of a start that has settled, matters no more.
  /\ blob' = {[b EXCEPT !.age = IF \E s \in list : s.id = b.id THEN 0 ELSE Older(@)] : b \in blob}
  /\ start' = IF start.settled = start.offset THEN start
              ELSE IF start.age >= GraceTicks THEN [start EXCEPT !.age = 0, !.settled = start.offset]
              ELSE [start EXCEPT !.age = Older(@)]
  /\ sealer' = [s \in Sealers |-> IF sealer[s].pc = "idle" THEN sealer[s]
                                  ELSE [sealer[s] EXCEPT !.seen = Older(@),
                                                         !.stored = IF sealer[s].pc = "put" THEN Older(@) ELSE 0]]
  /\ reader' = [reader EXCEPT !.seen = IF reader.pc \in {"around", "find", "watermark of the list"} THEN Older(@) ELSE 0,
                              !.proven.age = IF reader.proven.position = Gone THEN 0 ELSE Older(@)]
  /\ UNCHANGED <<tail, payload, list, sealedMost, answer>>

Next ==
  \/ Append \/ RaiseStart \/ Tick
  \/ \E o \in Offsets : DropEntry(o) \/ DropPayload(o)
  \/ \E s \in list : TrimSegment(s)
  \/ \E b \in blob : DropBlob(b)
  \/ \E s \in Sealers : ReadList(s) \/ Gather(s) \/ Store(s) \/ Put(s)
  \/ SealAtOnce
  \/ BeginRead \/ FindSegment \/ ServeSegment \/ QueryHot \/ ServeEntry \/ Around \/ Watermark \/ Judge
  \/ LookAgain \/ FreshStart

Spec == Init /\ [][Next]_vars

(* ------------------------------ what must hold ------------------------------ *)

\* Everything from the start of the log on can be read: hot with its payload, or in a listed segment with its blob.
NothingLost ==
  \A o \in Offsets :
    (start.offset <= o /\ o < tail) =>
      \/ IsHot(o) /\ o \in payload
      \/ \E s \in list : s.base <= o /\ o < s.end /\ BlobOf(s)

\* The segment list is one chain that nobody forks, and its end is never forgotten, whatever is collected.
ListIsChain ==
  /\ \A s, t \in list : s = t \/ s.end <= t.base \/ t.end <= s.base
  /\ ListEnd = sealedMost
  /\ ListEnd <= tail

\* A segment holds every offset from its base to its end.
SegmentsAreWhole ==
  \A s \in Sealers : sealer[s].pc = "put" => sealer[s].takes = {o \in Offsets : sealer[s].base <= o /\ o < sealer[s].end}

\* Nothing new is said only at what was the tail when the read began, or later; beyond only of what is beyond it.
ReadsAreTrue ==
  /\ answer.kind = "nothing new" => answer.offset >= answer.tail
  /\ answer.kind = "beyond" => answer.offset > answer.tail
  /\ answer.kind = "below" => answer.offset < start.offset
  /\ answer.kind # "damaged"
=============================================================================
