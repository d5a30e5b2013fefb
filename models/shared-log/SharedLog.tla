----------------------------- MODULE SharedLog -----------------------------
(***************************************************************************)
(* The shared log with trimming and stale writers.                         *)
(*                                                                         *)
(* Describes (each of these files names this model):                       *)
(*   shared/log/log-writer.ts                #commit #put #afterLoss #catchUp #recoverAfresh *)
(*   shared/log/put-entry.ts                 putEntry readBack             *)
(*   shared/log/evidence.ts                  isFresh                       *)
(*   shared/log/chain.ts                     contiguousFrom                *)
(*   shared/partition/recover-partition.ts   recoverPartition              *)
(*                                                                         *)
(* Time is a number of ticks. Instead of a clock the model keeps ages, up  *)
(* to one tick more than matters, so that time itself has no bound. An     *)
(* age is what the worse of both clocks says; a frozen process is one that *)
(* takes no step while time goes on.                                       *)
(*                                                                         *)
(* A put that was sent stays in the network for RequestTicks, and may be   *)
(* applied at any time in it, more than once (the SDK repeats it), with    *)
(* its answer lost or not. What is older carries a signature that is       *)
(* refused.                                                                *)
(*                                                                         *)
(* A sealed entry whose writer's time is more than GraceTicks ago may go,  *)
(* in any order, late or never (invariant 9). Sealing itself is one step   *)
(* here: see the model of sealing.                                         *)
(***************************************************************************)
EXTENDS Integers, FiniteSets

CONSTANTS
  Writers,            \* processes: 1 .. n; writer w's entries take w positions
  RequestsOf,         \* writer -> how many requests it appends, one after the other
  AttemptsMax,        \* appendAttemptsMax: puts under one request, each with an attempt id of its own
  ProbesMax,          \* 1 + ambiguityProbesMax: sendings of one put
  EvidenceTicks,      \* tailEvidenceMsMax
  RequestTicks,       \* how long a request that was sent may be under way
  GraceTicks,         \* graceMs
  \* Mutants: each switches one rule off.
  IgnoreTailEvidence, \* a put is sent however old its proof is
  CheckWhenDecided,   \* the age of the proof is judged when the put is planned, not when it leaves (no `maySend`)
  ForgetAttemptId,    \* an entry with our own attempt id counts as another's
  EmptyMeansLost,     \* a position that is empty when it is read back counts as lost
  FollowForEver,      \* an empty read proves a known tail anew however old it is (no `#mayFollow` in #catchUp)
  SlowRecovery,       \* a recovery counts however long it took (no `#mayFollow` in #recoverAfresh)
  TrustOldLast        \* the last entry found is proof of the tail however old it is (invariant 9)

Nobody == 0
Unknown == -1
AgeMax == GraceTicks + 1
HalfGrace == GraceTicks \div 2
\* Positions that the requests take if none is doubled, and room to see a doubled one.
TailMax == LET Sum[w \in {0} \union Writers] == IF w = 0 THEN 0 ELSE w * RequestsOf[w] + Sum[w - 1]
           IN  Sum[Cardinality(Writers)] + 2
Positions == 0 .. TailMax
Older(age) == IF age = AgeMax THEN age ELSE age + 1

VARIABLES
  store,      \* position -> the entry that can be read there, or None
  puts,       \* all entries that were ever put: what the log is
  sealedEnd,
  net,        \* puts under way
  writer,
  outcome     \* request -> what its caller was told

vars == <<store, puts, sealedEnd, net, writer, outcome>>

None == [next |-> 0, attempt |-> <<0, 0, 0>>, age |-> 0]
Requests == UNION {{w} \X (1 .. RequestsOf[w]) : w \in Writers}

IdleWriter == [
  pc |-> "idle",
  position |-> Unknown,   \* the tail as this process knows it
  evidence |-> 0,         \* age of its proof
  behind |-> FALSE,       \* catch up before the next plan
  request |-> 0,
  tries |-> 0,            \* attempts of this request
  probes |-> 0,           \* sendings of this put
  fresh |-> FALSE,        \* whether the proof was fresh when the put was planned
  planned |-> 0,          \* age of the entry's appendedAtMs
  seen |-> 0,             \* age of the put
  from |-> 0,             \* of a recovery: where the log was sealed to
  lastNext |-> 0          \* of a recovery: where the last entry ended
]

Init ==
  /\ store = [p \in Positions |-> None]
  /\ puts = {}
  /\ sealedEnd = 0
  /\ net = {}
  /\ writer = [w \in Writers |-> IdleWriter]
  /\ outcome = [r \in Requests |-> "none"]

IsThere(p) == store[p] # None
Present(from) == {p \in Positions : p >= from /\ IsThere(p)}

\* contiguousFrom: the end of the chain that begins at p.
RECURSIVE ChainEnd(_)
ChainEnd(p) == IF p <= TailMax /\ IsThere(p) THEN ChainEnd(store[p].next) ELSE p

RECURSIVE ChainFrom(_)
ChainFrom(p) == IF p <= TailMax /\ IsThere(p) THEN {p} \union ChainFrom(store[p].next) ELSE {}

MayFollow(age) == age <= HalfGrace
IsFresh(age) == age <= EvidenceTicks

Became(w, changed) == writer' = [writer EXCEPT ![w] = changed]
Me(w) == writer[w]
RequestOf(w) == <<w, Me(w).request>>
\* The attempt id: each put has its own, however often it is sent.
AttemptOf(w) == <<w, Me(w).request, Me(w).tries>>

\* What does not matter between requests is forgotten, so that states which differ in it alone are one.
Known(me, position, evidence) ==
  [IdleWriter EXCEPT !.position = position, !.evidence = IF position = Unknown THEN 0 ELSE evidence,
                     !.request = me.request]

Rest(w, position, evidence) ==
  IF Me(w).request = RequestsOf[w] THEN Known(Me(w), Unknown, 0) ELSE Known(Me(w), position, evidence)

Again(me, position, evidence, behind) ==
  [Known(me, position, evidence) EXCEPT !.pc = "work", !.behind = behind, !.tries = me.tries]

\* All were answered and nothing is under way: what time does to the log from here on cannot matter.
IsOver == net = {} /\ \A w \in Writers : Me(w).pc = "idle" /\ Me(w).request = RequestsOf[w]

(* ------------------------------ log-writer.ts ------------------------------ *)

TakeRequest(w) ==
  /\ Me(w).pc = "idle"
  /\ Me(w).request < RequestsOf[w]
  /\ Became(w, [Me(w) EXCEPT !.pc = "work", !.request = @ + 1])
  /\ UNCHANGED <<store, puts, sealedEnd, net, outcome>>

\* #commit, #catchUp: "What is too old to be followed is too old to refuse by."
Forget(w) ==
  /\ Me(w).pc = "work"
  /\ Me(w).position # Unknown
  /\ ~MayFollow(Me(w).evidence) /\ ~FollowForEver
  /\ Became(w, Again(Me(w), Unknown, 0, FALSE))
  /\ UNCHANGED <<store, puts, sealedEnd, net, outcome>>

\* #catchUp: one query from the known tail on. A writer may do so at any time (`hasLikelyMoved`, a read beside it).
CatchUp(w) ==
  LET me == Me(w)
      end == ChainEnd(me.position)
      isWhole == Present(me.position) = ChainFrom(me.position)
  IN
  /\ me.pc = "work"
  /\ me.position # Unknown
  /\ MayFollow(me.evidence) \/ FollowForEver
  /\ Became(w, IF isWhole THEN Again(me, end, 0, FALSE) ELSE Again(me, Unknown, 0, FALSE))
  /\ UNCHANGED <<store, puts, sealedEnd, net, outcome>>

\* recoverPartition, first reads: a young last entry is proof by itself; else it is asked where the log is sealed to.
RecoverFromLast(w) ==
  LET me == Me(w)
      last == IF Present(0) = {} THEN None ELSE store[CHOOSE p \in Present(0) : \A q \in Present(0) : q <= p]
      isYoung == last # None /\ (last.age <= HalfGrace \/ TrustOldLast)
  IN
  /\ me.pc = "work"
  /\ me.position = Unknown
  /\ me.tries < AttemptsMax
  /\ Became(w, IF isYoung
               THEN Again(me, last.next, 0, FALSE)
               ELSE [Again(me, Unknown, 0, FALSE) EXCEPT !.pc = "replay", !.from = sealedEnd, !.lastNext = last.next])
  /\ UNCHANGED <<store, puts, sealedEnd, net, outcome>>

\* Its last read: the entries from there on. The proof is as old as the first one; `seen` is its age.
RecoverReplay(w) ==
  LET me == Me(w)
      from == me.from
      end == ChainEnd(from)
      isWhole == Present(from) = ChainFrom(from) /\ end >= me.lastNext
      isProven == isWhole /\ (MayFollow(me.seen) \/ SlowRecovery)
      age == IF SlowRecovery THEN 0 ELSE me.seen
  IN
  /\ me.pc = "replay"
  /\ Became(w, IF isProven THEN Again(me, end, age, FALSE) ELSE Again(me, Unknown, 0, FALSE))
  /\ UNCHANGED <<store, puts, sealedEnd, net, outcome>>

Plan(w) ==
  LET me == Me(w) IN
  /\ me.pc = "work"
  /\ me.position # Unknown
  /\ MayFollow(me.evidence) \/ FollowForEver
  /\ ~me.behind
  /\ me.tries < AttemptsMax
  /\ me.position + w <= TailMax
  /\ Became(w, [me EXCEPT !.pc = "planned", !.tries = @ + 1, !.fresh = CheckWhenDecided /\ IsFresh(me.evidence)])
  /\ UNCHANGED <<store, puts, sealedEnd, net, outcome>>

\* The bound of attempts: nothing was written under this request.
GiveUp(w) ==
  /\ Me(w).pc = "work"
  /\ Me(w).tries = AttemptsMax
  /\ Became(w, Rest(w, Me(w).position, Me(w).evidence))
  /\ outcome' = [outcome EXCEPT ![RequestOf(w)] = "failed"]
  /\ UNCHANGED <<store, puts, sealedEnd, net>>

(* ------------------------------ put-entry.ts ------------------------------ *)

MaySend(me) ==
  IF IgnoreTailEvidence THEN TRUE ELSE IF CheckWhenDecided THEN me.fresh ELSE IsFresh(me.evidence)

Message(w, me) ==
  [pos |-> me.position, next |-> me.position + w, attempt |-> AttemptOf(w),
   age |-> me.planned, sent |-> 0]

\* putIfAbsent, for the first time, or again after a time-out: the very same entry.
Send(w) ==
  LET me == Me(w) IN
  /\ me.pc \in {"planned", "wait"}
  /\ me.probes < ProbesMax
  /\ MaySend(me)
  /\ net' = {m \in net : m.attempt # AttemptOf(w)} \union {Message(w, me)}
  /\ Became(w, IF me.pc = "planned"
               THEN [me EXCEPT !.pc = "wait", !.probes = 1, !.seen = 0]
               ELSE [me EXCEPT !.probes = @ + 1])
  /\ UNCHANGED <<store, puts, sealedEnd, outcome>>

Stale(w) ==
  /\ Me(w).pc = "planned"
  /\ ~MaySend(Me(w))
  /\ Became(w, Again(Me(w), Me(w).position, Me(w).evidence, TRUE))
  /\ UNCHANGED <<store, puts, sealedEnd, net, outcome>>

Answered(w, told, changed) ==
  /\ outcome' = [outcome EXCEPT ![RequestOf(w)] = told]
  /\ Became(w, changed)

Appended(w) == Answered(w, "done", Rest(w, Me(w).position + w, Me(w).seen))

UnknownOutcome(w) == Answered(w, "unknown", Rest(w, Unknown, 0))

\* #afterLoss: the winner is applied, and proves the next tail if it is young; a writer may always catch up instead.
LostTo(w, winner) ==
  /\ Became(w, Again(Me(w), winner.next, Me(w).seen, FALSE))
  /\ UNCHANGED outcome

LostToNobody(w) ==
  /\ Became(w, Again(Me(w), Me(w).position, Me(w).evidence, TRUE))
  /\ UNCHANGED outcome

Judge(w, existing) ==
  IF existing.attempt = AttemptOf(w) /\ ~ForgetAttemptId THEN Appended(w) ELSE LostTo(w, existing)

\* The store applies a put, or finds the position taken; its answer is lost, or arrives where someone still waits for it.
Deliver(m) ==
  LET w == m.attempt[1]
      wins == ~IsThere(m.pos)
      entry == [next |-> m.next, attempt |-> m.attempt, age |-> m.age]
      waits == Me(w).pc = "wait" /\ AttemptOf(w) = m.attempt
  IN
  /\ store' = IF wins THEN [store EXCEPT ![m.pos] = entry] ELSE store
  /\ puts' = IF wins
             THEN puts \union {[pos |-> m.pos, next |-> m.next, request |-> <<w, m.attempt[2]>>]}
             ELSE puts
  /\ \/ UNCHANGED <<writer, outcome>>
     \/ waits /\ wins /\ Appended(w)
     \/ waits /\ ~wins /\ Judge(w, store[m.pos])
     \* The store cannot tell what stands there: it is read back.
     \/ waits /\ ~wins /\ Became(w, [Me(w) EXCEPT !.pc = "read back"]) /\ UNCHANGED outcome
  /\ UNCHANGED <<sealedEnd, net>>

\* A time-out, and the put may not be sent again.
NoMoreProbes(w) ==
  /\ Me(w).pc = "wait"
  /\ \/ Me(w).probes = ProbesMax /\ UnknownOutcome(w)
     \/ ~MaySend(Me(w)) /\ Became(w, [Me(w) EXCEPT !.pc = "read back"]) /\ UNCHANGED outcome
  /\ UNCHANGED <<store, puts, sealedEnd, net>>

ReadBack(w) ==
  /\ Me(w).pc = "read back"
  /\ \/ IsThere(Me(w).position) /\ Judge(w, store[Me(w).position])
     \/ ~IsThere(Me(w).position) /\ (IF EmptyMeansLost THEN LostToNobody(w) ELSE UnknownOutcome(w))
  /\ UNCHANGED <<store, puts, sealedEnd, net>>

(* ------------------------------ the store and time ------------------------------ *)

Seal ==
  /\ ~IsOver
  /\ sealedEnd <= TailMax /\ IsThere(sealedEnd)
  /\ sealedEnd' = store[sealedEnd].next
  /\ UNCHANGED <<store, puts, net, writer, outcome>>

Drop(p) ==
  /\ ~IsOver
  /\ IsThere(p)
  /\ store[p].next <= sealedEnd
  /\ store[p].age > GraceTicks
  /\ store' = [store EXCEPT ![p] = None]
  /\ UNCHANGED <<puts, sealedEnd, net, writer, outcome>>

AgedWriter(me) ==
  [me EXCEPT !.evidence = IF me.position = Unknown THEN 0 ELSE Older(@),
             !.planned = IF me.pc \in {"planned", "wait"} THEN Older(@) ELSE 0,
             !.seen = IF me.pc \in {"idle", "work", "planned"} THEN 0 ELSE Older(@)]

Tick ==
  /\ ~IsOver
  /\ store' = [p \in Positions |-> IF IsThere(p) THEN [store[p] EXCEPT !.age = Older(@)] ELSE None]
  /\ net' = {[m EXCEPT !.sent = @ + 1, !.age = Older(@)] : m \in {m \in net : m.sent < RequestTicks}}
  /\ writer' = [w \in Writers |-> AgedWriter(writer[w])]
  /\ UNCHANGED <<puts, sealedEnd, outcome>>

Next ==
  \/ \E w \in Writers :
       \/ TakeRequest(w) \/ Forget(w) \/ CatchUp(w)
       \/ RecoverFromLast(w) \/ RecoverReplay(w)
       \/ Plan(w) \/ GiveUp(w) \/ Send(w) \/ Stale(w) \/ NoMoreProbes(w) \/ ReadBack(w)
  \/ \E m \in net : Deliver(m)
  \/ Seal
  \/ \E p \in Positions : Drop(p)
  \/ Tick

\* Values for RequestsOf.
OneEach == [w \in Writers |-> 1]
TwoThenOne == [w \in Writers |-> IF w = 1 THEN 2 ELSE 1]
TwoEach == [w \in Writers |-> 2]

Spec == Init /\ [][Next]_vars

(* ------------------------------ what must hold ------------------------------ *)

\* Invariant 1: no fork, no hole, no position that is used again after its entry has gone.
Chain ==
  /\ \A a, b \in puts : a = b \/ a.next <= b.pos \/ b.next <= a.pos
  /\ \A a \in puts : a.pos = 0 \/ \E b \in puts : b.next = a.pos

\* Nothing acknowledged is lost.
AcknowledgedIsThere == \A r \in Requests : outcome[r] = "done" => \E a \in puts : a.request = r

\* Nothing is doubled, acknowledged or not.
NothingDoubled == \A a, b \in puts : a.request = b.request => a = b

\* What was said to have failed never comes.
FailedIsNotThere == \A r \in Requests : outcome[r] = "failed" => ~\E a \in puts : a.request = r

\* Requests of one caller, each sent after the answer to the one before it, stand in their order.
NotReordered ==
  \A a, b \in puts :
    (a.request[1] = b.request[1] /\ a.request[2] < b.request[2] /\ outcome[a.request] = "done") => a.pos < b.pos
=============================================================================
