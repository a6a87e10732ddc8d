NAME        
OBJSENSE
  MAX
ROWS
 N  Obj     
 L  r0      
 L  r1      
 L  r2      
 L  r3      
 L  r4      
 L  r5      
 L  r6      
 L  r7      
 L  r8      
 L  r9      
 L  r10     
 G  r11     
 G  r12     
 L  r13     
 L  r14     
 L  r15     
 L  r16     
 L  r17     
 L  r18     
 L  r19     
 G  r20     
 G  r21     
 G  r22     
 G  r23     
 G  r24     
 G  r25     
 G  r26     
 G  r27     
 G  r28     
 G  r29     
 G  r30     
 G  r31     
 G  r32     
 G  r33     
 G  r34     
 G  r35     
 G  r36     
 G  r37     
 G  r38     
 G  r39     
 G  r40     
 G  r41     
 G  r42     
 G  r43     
 G  r44     
 G  r45     
 G  r46     
 E  r47     
 E  r48     
 E  r49     
 E  r50     
 E  r51     
 E  r52     
 E  r53     
 E  r54     
 E  r55     
 E  r56     
 E  r57     
 E  r58     
 E  r59     
 E  r60     
 E  r61     
 E  r62     
 E  r63     
 E  r64     
 E  r65     
 E  r66     
 L  r67     
 L  r68     
 L  r69     
 L  r70     
 L  r71     
 L  r72     
 L  r73     
 L  r74     
 L  r75     
 L  r76     
 L  r77     
 G  r78     
 G  r79     
 G  r80     
 G  r81     
 L  r82     
 L  r83     
 L  r84     
 G  r85     
 G  r86     
 G  r87     
 G  r88     
 G  r89     
 G  r90     
 L  r91     
 E  r92     
COLUMNS
    c0        Obj       1
    c0        r92       -1
    MARK0000  'MARKER'                 'INTORG'
    c1        r0        0.2
    c1        r3        1
    c1        r7        1
    c1        r9        1
    c1        r16       -1
    c1        r18       -1
    c1        r50       -2
    c1        r88       -818.955601564297
    c2        r0        0.2
    c2        r4        1
    c2        r8        1
    c2        r10       1
    c2        r17       -1
    c2        r19       -1
    c2        r88       -1228.43340234645
    c3        r1        0.2
    c3        r3        1
    c3        r9        1
    c3        r11       1
    c3        r18       -1
    c3        r51       -2
    c3        r89       -818.955601564297
    c4        r1        0.2
    c4        r4        1
    c4        r10       1
    c4        r12       1
    c4        r19       -1
    c4        r89       -1228.43340234645
    c5        r2        0.2
    c5        r3        1
    c5        r52       -2
    c5        r90       -818.955601564297
    c6        r2        0.2
    c6        r4        1
    c6        r90       -1228.43340234645
    c7        r5        0.2
    c7        r7        1
    c7        r11       -1
    c7        r65       -2
    c8        r5        0.2
    c8        r8        1
    c8        r12       -1
    c9        r6        0.2
    c9        r9        1
    c9        r66       -2
    c10       r6        0.2
    c10       r10       1
    c11       r56       1
    c11       r67       -2
    c11       r71       -2
    c11       r75       -2
    c11       r78       -0.5
    c12       r11       -1
    c12       r12       -1
    c12       r56       1
    c12       r68       -2
    c12       r72       -2
    c12       r76       -2
    c12       r79       -0.5
    c13       r57       1
    c13       r69       -2
    c13       r73       -2
    c13       r77       -2
    c13       r80       1.5
    c14       r58       1
    c14       r70       -2
    c14       r74       -2
    c14       r81       1.5
    MARK0001  'MARKER'                 'INTEND'
    c15       r13       1
    c15       r14       -1
    c16       r14       1
    c16       r15       -1
    c17       r15       1
    c17       r91       -1
    c18       r16       1
    c18       r30       0.75
    c19       r17       1
    c19       r20       1
    c19       r32       1
    c20       r18       1
    c20       r34       0.75
    c21       r19       1
    c21       r22       1
    c21       r36       1
    c22       r20       1
    c22       r48       2495.51414768806
    c23       r21       1
    c24       r22       1
    c24       r49       2012.42236024845
    c25       r23       1
    c26       r24       -1
    c26       r38       1
    c26       r41       1
    c27       r25       -1
    c27       r39       1
    c27       r42       1
    c28       r26       -1
    c28       r40       1
    c28       r43       1
    c29       r27       -1
    c29       r44       1
    c30       r20       -1
    c30       r21       -1
    c30       r45       1
    c31       r22       -1
    c31       r23       -1
    c31       r46       1
    c32       r24       1
    c32       r28       -1
    c33       r25       1
    c33       r30       -1
    c33       r31       -1
    c34       r26       1
    c34       r34       -1
    c34       r35       -1
    c35       r27       1
    c35       r29       -1
    c35       r38       -0.75
    c36       r20       1
    c36       r21       1
    c36       r32       -1
    c36       r33       -1
    c36       r39       -0.75
    c37       r22       1
    c37       r23       1
    c37       r36       -1
    c37       r37       -1
    c37       r40       -0.75
    c38       r28       1
    c38       r47       1768.57602944559
    c39       r29       1
    c39       r47       1169.08212560386
    c40       r30       1
    c40       r48       1768.57602944559
    c41       r31       1
    c42       r32       1
    c42       r48       1169.08212560386
    c43       r33       1
    c44       r34       1
    c44       r49       1124.45364619278
    c45       r35       1
    c46       r36       1
    c46       r49       1169.08212560386
    c47       r37       1
    c48       r41       1
    c48       r47       258.569128134345
    c49       r44       1
    c49       r47       806.073153899241
    c50       r42       1
    c50       r48       258.569128134345
    c51       r45       1
    c51       r48       806.073153899241
    c52       r43       1
    c52       r49       258.569128134345
    c53       r46       1
    c53       r49       806.073153899241
    c54       r47       -1
    c54       r82       1
    c55       r48       -1
    c55       r83       1
    c56       r49       -1
    c56       r84       1
    c57       r50       1
    c57       r51       -1
    c57       r59       -1
    c58       r51       1
    c58       r52       -1
    c58       r60       -1
    c59       r52       1
    c59       r61       -1
    c60       r53       1
    c60       r62       -1
    c61       r54       1
    c61       r63       -1
    c62       r55       1
    c62       r64       -1
    MARK0002  'MARKER'                 'INTORG'
    c63       r53       -2
    c63       r88       -17.9434092477571
    c64       r54       -2
    c64       r89       -17.9434092477571
    c65       r55       -2
    c65       r90       -17.9434092477571
    MARK0003  'MARKER'                 'INTEND'
    c66       r59       1
    c66       r67       1
    c66       r78       -1
    c67       r59       1
    c67       r68       1
    c67       r79       1
    c68       r60       1
    c68       r69       1
    c68       r80       -1
    c69       r61       1
    c69       r70       1
    c69       r81       -1
    c70       r62       1
    c70       r71       1
    c70       r78       1
    c71       r62       1
    c71       r72       1
    c71       r79       -1
    c72       r63       1
    c72       r73       1
    c72       r80       1
    c73       r64       1
    c73       r74       1
    c73       r81       1
    c74       r65       1
    c74       r75       1
    c75       r65       1
    c75       r76       1
    c76       r66       1
    c76       r77       1
    c77       r82       1
    c77       r92       1
    c78       r83       1
    c78       r92       1
    c79       r84       1
    c79       r92       1
    c80       r85       1
    c80       r92       -1
    c81       r86       1
    c81       r92       -1
    c82       r87       1
    c82       r92       -1
    c83       r88       1
    c83       r92       -1
    c84       r89       1
    c84       r92       -1
    c85       r90       1
    c85       r92       -1
    c86       r91       1
RHS
    RHS_V     r0        0.6
    RHS_V     r1        0.6
    RHS_V     r2        0.6
    RHS_V     r3        1
    RHS_V     r4        1
    RHS_V     r5        0.6
    RHS_V     r6        0.6
    RHS_V     r7        1
    RHS_V     r8        1
    RHS_V     r9        1
    RHS_V     r10       1
    RHS_V     r11       -1
    RHS_V     r12       -1
    RHS_V     r13       0.6
    RHS_V     r41       0.75
    RHS_V     r42       0.75
    RHS_V     r43       0.75
    RHS_V     r44       1
    RHS_V     r45       1
    RHS_V     r46       1
    RHS_V     r56       1
    RHS_V     r57       1
    RHS_V     r58       1
    RHS_V     r82       1000
    RHS_V     r83       1000
    RHS_V     r84       1000
BOUNDS
 FR BOUND     c0      
 BV BOUND     c1      
 BV BOUND     c2      
 BV BOUND     c3      
 BV BOUND     c4      
 BV BOUND     c5      
 BV BOUND     c6      
 BV BOUND     c7      
 BV BOUND     c8      
 BV BOUND     c9      
 BV BOUND     c10     
 BV BOUND     c11     
 BV BOUND     c12     
 BV BOUND     c13     
 BV BOUND     c14     
 UP BOUND     c15       0.6
 UP BOUND     c16       0.6
 UP BOUND     c17       0.6
 UP BOUND     c18       1
 UP BOUND     c19       1
 UP BOUND     c20       1
 UP BOUND     c21       1
 UP BOUND     c22       1
 UP BOUND     c23       1
 UP BOUND     c24       1
 UP BOUND     c25       1
 UP BOUND     c26       0.75
 UP BOUND     c27       0.75
 UP BOUND     c28       0.75
 UP BOUND     c29       1
 UP BOUND     c30       1
 UP BOUND     c31       1
 UP BOUND     c32       0.75
 UP BOUND     c33       0.75
 UP BOUND     c34       0.75
 UP BOUND     c35       1
 UP BOUND     c36       1
 UP BOUND     c37       1
 UP BOUND     c38       0.75
 UP BOUND     c39       1
 UP BOUND     c40       0.75
 UP BOUND     c41       0.75
 UP BOUND     c42       1
 UP BOUND     c43       1
 UP BOUND     c44       0.75
 UP BOUND     c45       0.75
 UP BOUND     c46       1
 UP BOUND     c47       1
 UP BOUND     c48       1
 UP BOUND     c49       1
 UP BOUND     c50       1
 UP BOUND     c51       1
 UP BOUND     c52       1
 UP BOUND     c53       1
 UP BOUND     c54       1000
 UP BOUND     c55       1000
 UP BOUND     c56       1000
 UP BOUND     c57       2
 UP BOUND     c58       2
 UP BOUND     c59       2
 UP BOUND     c60       2
 UP BOUND     c61       2
 UP BOUND     c62       2
 BV BOUND     c63     
 BV BOUND     c64     
 BV BOUND     c65     
 UP BOUND     c66       2
 UP BOUND     c67       2
 UP BOUND     c68       2
 UP BOUND     c69       2
 UP BOUND     c70       2
 UP BOUND     c71       2
 UP BOUND     c72       2
 UP BOUND     c73       2
 UP BOUND     c74       2
 UP BOUND     c75       2
 UP BOUND     c76       2
 UP BOUND     c77       1000
 UP BOUND     c78       1000
 UP BOUND     c79       1000
 UP BOUND     c83       2065.3324131585
 UP BOUND     c84       2065.3324131585
 UP BOUND     c85       2065.3324131585
 UP BOUND     c86       0.6
ENDATA
